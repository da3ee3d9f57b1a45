// What a fleet is, as its owner writes it in fleet.yaml (docs/reference/fleet.md). Plain data; what
// is here has been checked: names that refer to something do, and nothing depends on itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/calendar/date_range.h"
#include "lib/calendar/window.h"
#include "lib/channels/channel_settings.h"

namespace matic::fleet {

// What machines are updated to. At most one machine's own, else its group's.
struct ChannelTarget {
  std::string url;
  bool operator==(const ChannelTarget&) const = default;
};
struct ImageTarget {
  std::string url;
  std::string sha256;  // 64 lower-case hex digits; may be empty beside a signed manifest
  bool operator==(const ImageTarget&) const = default;
};
struct FlakeTarget {
  std::string flake;  // "/etc/nixos#web", "github:org/config#web"; see TargetOf
  std::string mode;   // auto, switch, boot, build; empty: as the machine has it
  bool operator==(const FlakeTarget&) const = default;
};
// Empty: what each machine is configured to follow.
using Target = std::variant<std::monostate, ChannelTarget, ImageTarget, FlakeTarget>;

// host[:port] over mTLS, the unix socket of the machine through the system's ssh, or one of this
// machine (the controller's own, and agents in file-backed mode).
struct TlsAddress {
  std::string host;  // an IPv6 address without its brackets
  uint16_t port = 50051;
  bool operator==(const TlsAddress&) const = default;
};
struct SshAddress {
  std::string user;  // empty: as ssh has it
  std::string host;
  uint16_t port = 0;  // 0: as ssh has it
  std::string socket = "/run/matic/agent.sock";
  bool operator==(const SshAddress&) const = default;
};
struct LocalAddress {
  std::string socket = "/run/matic/agent.sock";
  bool operator==(const LocalAddress&) const = default;
};
using Address = std::variant<TlsAddress, SshAddress, LocalAddress>;

struct Machine {
  std::string name;
  Address address;
  std::vector<std::string> tags;
  Target target;
  bool self = false;  // the controller: always last
  bool operator==(const Machine&) const = default;
};

// What a group starts by itself, how many at once, and what it waits for.
enum class UpdatePolicy {
  kAggressive,      // everything at once, as far as `parallel` allows; no canaries, no soak
  kConservative,    // canaries, soak, then batches
  kManualApproval,  // as kConservative, once somebody has approved the group in this run
};
enum class RollbackScope { kNone, kMachine, kWave, kGroup };
enum class RebootOrder { kPerWave, kAfterAll };
enum class OnRebootFailure { kWarn, kStop };

// A count, or a percentage of the group's machines (rounded down).
struct FailureLimit {
  uint32_t value = 0;
  bool percent = false;
  bool operator==(const FailureLimit&) const = default;
};

struct Group {
  std::string name;
  std::vector<std::string> machines;  // names, in the listed order, tags resolved
  UpdatePolicy policy = UpdatePolicy::kConservative;
  std::vector<calendar::Window> windows;  // none: at any time
  std::string timezone;                   // of the windows; empty: the controller's
  bool allow_reboot = true;
  std::vector<std::string> dependencies;  // groups that must have ended well before
  std::optional<uint32_t> parallel;       // else settings' max_parallel
  uint32_t canaries = 1;
  std::chrono::seconds soak{300};      // after the canaries
  std::chrono::seconds stagger{1800};  // before the next group
  FailureLimit max_failures;           // more than so many stop the run
  Target target;
  std::string pre_script;       // on the controller, before the group; its failure skips the group
  std::string post_script;      // after it has ended well
  std::string rollback_script;  // after something of it was rolled back
  bool operator==(const Group&) const = default;
};

struct Settings {
  uint32_t max_parallel = 3;  // machines down at once, over all groups
  std::chrono::seconds health_check_timeout{300};
  RollbackScope rollback_on_failure = RollbackScope::kMachine;
  std::chrono::seconds reboot_stagger{600};
  RebootOrder reboots = RebootOrder::kPerWave;
  OnRebootFailure on_reboot_failure = OnRebootFailure::kStop;
  bool skip_offline = false;  // else a machine that cannot be reached is a failure
  std::chrono::seconds machine_deadline{3600};  // for one machine's update, its reboot included
  std::chrono::seconds run_limit{7200};
  std::vector<calendar::DateRange> blackouts;
  std::string blackout_timezone;
  std::vector<std::string> notification_channels;  // names; all of them where empty
  bool operator==(const Settings&) const = default;
};

// Where Prometheus finds what is told of runs.
struct Metrics {
  std::string textfile;  // for node_exporter's textfile collector; empty: none
  std::string listen;    // ADDRESS:PORT, while a run goes on; empty: none
  bool operator==(const Metrics&) const = default;
};

// What a channel of a fleet may be limited to, by the names that people write.
inline constexpr std::string_view kFleetEvents[] = {
    "run-started", "wave-done", "machine-failed", "rolled-back",  "approval-needed", "group-ended",
    "paused",      "resumed",   "run-stopped",    "long-running", "run-finished"};

struct Inventory {
  std::string name;  // of the fleet; of its lease and its journal
  std::vector<Machine> machines;
  std::vector<Group> groups;  // in the order of the file
  Settings settings;
  std::vector<channels::ChannelSettings> channels;  // all there are; the settings choose
  Metrics metrics;

  // nullptr: there is none of that name.
  const Machine* FindMachine(const std::string& name) const;
  const Group* FindGroup(const std::string& name) const;
  bool operator==(const Inventory&) const = default;
};

// Whether agents take it for a signed manifest, also where they are told the image's SHA-256: its
// path ends in ".json".
bool IsManifestUrl(std::string_view url);
// 64 digits of lower-case hexadecimal.
bool IsSha256(std::string_view text);

// The machine's own target, else its group's. In one flake for many machines each has a
// configuration of its own name, unless the target says which.
Target TargetOf(const Machine& machine, const Group& group);
// With the first group that has it; its own where it is in none.
Target TargetIn(const Inventory& inventory, const Machine& machine);

}  // namespace matic::fleet
