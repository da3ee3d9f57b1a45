// What an agent is told by the files people write: agent.yaml (docs/reference/agent.md has every
// key).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/api.h"
#include "agent/config/channel.h"
#include "agent/config/download.h"
#include "agent/config/fleet_lock.h"
#include "agent/config/health.h"
#include "agent/config/hooks.h"
#include "agent/config/maintenance.h"
#include "agent/config/nixos.h"
#include "agent/config/notifications.h"
#include "agent/config/prechecks.h"
#include "lib/base/result.h"

namespace matic::config {

struct Metrics {
  std::string listen = "127.0.0.1:28051";  // empty: none

  bool operator==(const Metrics&) const = default;
};

enum class BackendKind { kAb, kNixos };

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct Log {
  LogLevel level = LogLevel::kInfo;

  bool operator==(const Log&) const = default;
};

struct Config {
  std::string name;  // Load puts the host's name here where no file does
  BackendKind backend = BackendKind::kAb;
  std::filesystem::path state_dir = "/var/lib/matic";
  std::filesystem::path disk = "auto";  // or a device, or a plain file
  // File-backed mode: a JSON file that says what was started. Empty on a real machine.
  std::filesystem::path boot_facts;
  std::vector<std::string> reboot_command = {"systemctl", "reboot"};
  uint32_t tries = 3;                        // starts of a new system, in the GPT
  std::chrono::seconds trial_deadline{900};  // since the machine started
  Api api;
  Download download;
  FleetLock fleet_lock = {};
  Health health;
  Hooks hooks = {};
  Maintenance maintenance = {};
  Prechecks prechecks;
  Notifications notifications = {};
  Trust trust = {};
  Channel channel = {};
  Nixos nixos = {};
  Metrics metrics = {};
  Log log;

  bool operator==(const Config&) const = default;
};

// The deadline unit reboots a machine on trial after `trial_deadline`; health checks must have had
// their say before, and the machine's start takes time as well.
constexpr std::chrono::seconds kTrialDeadlineMargin{60};

constexpr std::string_view kMainFile = "/etc/matic/agent.yaml";
constexpr std::string_view kOverrideFile = "/var/lib/matic/config/agent.yaml";

enum class MissingFile { kSkipped, kRefused };

// A configuration, and where it came from.
struct Loaded {
  Config config;
  std::vector<std::filesystem::path> read;     // in that order
  std::vector<std::filesystem::path> missing;  // were skipped
  std::vector<std::filesystem::path> ignored;  // in an agent.d, with names that it does not take
  // Each key that a file sets, with what it alone makes of the defaults.
  std::map<std::string, Config> settings;
};

// The defaults, overridden key by key by each of `files` in order, and after the last of those in
// one folder by that folder's agent.d/*.yaml (drop_ins.h); a list replaces a list. A file is at
// most 1 MiB of UTF-8, one YAML document without aliases. Unknown keys, wrong types and impossible
// values are kInvalidArgument: "/etc/matic/agent.yaml:12: health.retries: must be a number from 1
// to 1000, is 'many'". A symbolic link to nothing is no missing file, but an error.
Result<Loaded> LoadFiles(const std::vector<std::filesystem::path>& files, MissingFile missing);

// Its configuration alone.
Result<Config> Load(const std::vector<std::filesystem::path>& files,
                    MissingFile missing = MissingFile::kSkipped);

std::string_view LogLevelName(LogLevel level);

}  // namespace matic::config
