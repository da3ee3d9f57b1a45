// When a system counts as good: the `health` section of agent.yaml.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace matic::config {

// What every check has.
struct CheckSettings {
  bool enabled = true;
  bool critical = true;
  std::optional<std::chrono::seconds> timeout =
      std::nullopt;                                // of one try; else what the check itself takes
  std::optional<uint32_t> retries = std::nullopt;  // else Health::retries
  std::chrono::seconds after{0};                   // not before the machine has been up for so long
  std::optional<std::chrono::seconds> interval = std::nullopt;  // else Health::interval

  bool operator==(const CheckSettings&) const = default;
};

struct BootCheck {
  CheckSettings settings = {};
  std::chrono::seconds min_uptime{10};

  bool operator==(const BootCheck&) const = default;
};

struct ServiceCheck {
  CheckSettings settings = {};
  std::vector<std::string> units = {"matic-agent.service"};

  bool operator==(const ServiceCheck&) const = default;
};

struct NetworkCheck {
  CheckSettings settings{.critical = false};

  bool operator==(const NetworkCheck&) const = default;
};

struct ApiCheck {
  CheckSettings settings = {};

  bool operator==(const ApiCheck&) const = default;
};

struct DiskCheck {
  CheckSettings settings{.enabled = false};
  std::vector<std::filesystem::path> paths = {"/var"};
  uint32_t min_free_percent = 5;  // of the bytes, and of the inodes where they are counted
  uint64_t min_free_bytes = 0;

  bool operator==(const DiskCheck&) const = default;
};

struct MemoryCheck {
  CheckSettings settings{.enabled = false};
  uint32_t min_available_percent = 5;

  bool operator==(const MemoryCheck&) const = default;
};

struct LoadCheck {
  CheckSettings settings{.enabled = false};
  double max_per_cpu = 4;  // the average of the last minute, for each processor

  bool operator==(const LoadCheck&) const = default;
};

struct FailedUnitsCheck {
  CheckSettings settings{.enabled = false};
  std::vector<std::string> ignored = {};

  bool operator==(const FailedUnitsCheck&) const = default;
};

struct TimeCheck {
  CheckSettings settings{.enabled = false};

  bool operator==(const TimeCheck&) const = default;
};

// /dev/log's levels, RFC 5424.
enum class JournalPriority {
  kEmergency,
  kAlert,
  kCritical,
  kError,
  kWarning,
  kNotice,
  kInfo,
  kDebug
};

struct JournalCheck {
  std::string name = {};
  CheckSettings settings = {};
  std::string pattern = {};  // as journalctl --grep takes it; empty: every message
  JournalPriority priority = JournalPriority::kError;  // and graver ones
  std::string unit = {};                               // empty: of every unit
  uint32_t max_matches = 0;                            // since the machine started

  bool operator==(const JournalCheck&) const = default;
};

struct TcpCheck {
  std::string name = {};
  CheckSettings settings = {};
  std::string address = {};  // HOST:PORT

  bool operator==(const TcpCheck&) const = default;
};

struct HttpCheck {
  std::string name = {};
  CheckSettings settings = {};
  std::string url = {};
  std::vector<uint32_t> status = {200};
  std::string contains = {};           // a part of the body; empty: any body
  std::string matches = {};            // RE2, somewhere in the body; empty: any body
  std::filesystem::path ca_file = {};  // PEM; empty: the system's

  bool operator==(const HttpCheck&) const = default;
};

// Executables in required.d (critical) and wanted.d below each of the folders.
struct ScriptChecks {
  CheckSettings settings = {};
  std::vector<std::filesystem::path> dirs = {"/etc/matic/health.d", "/usr/lib/matic/health.d"};

  bool operator==(const ScriptChecks&) const = default;
};

struct Checks {
  BootCheck boot = {};
  ServiceCheck service = {};
  NetworkCheck network = {};
  ApiCheck api = {};
  DiskCheck disk = {};
  MemoryCheck memory = {};
  LoadCheck load = {};
  FailedUnitsCheck failed_units = {};
  TimeCheck time = {};
  std::vector<JournalCheck> journal = {};
  std::vector<TcpCheck> tcp = {};
  std::vector<HttpCheck> http = {};
  ScriptChecks scripts = {};

  bool operator==(const Checks&) const = default;
};

struct Health {
  std::chrono::seconds timeout{300};  // for all checks together
  std::chrono::seconds interval{10};  // between two tries of one check
  uint32_t retries = 30;              // tries of one check, at most
  Checks checks = {};
  std::chrono::seconds settle{10};  // from a switch without a reboot to its first check

  bool operator==(const Health&) const = default;
};

}  // namespace matic::config
