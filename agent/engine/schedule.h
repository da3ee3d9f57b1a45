// One update, from the moment somebody asked for it to its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/update/state.h"
#include "lib/base/time.h"
#include "lib/calendar/rules.h"

namespace matic::engine {

enum class ScheduleState { kPending, kInProgress, kCompleted, kFailed, kRolledBack, kCancelled };
enum class Phase {
  kNone,  // of a schedule that has ended
  kWaiting,
  kChecking,
  kFetching,
  kBuilding,
  kStaging,
  kVerifying,
  kStaged,
  kActivating,
  kRebooting,
  kOnTrial,
  kConfirming,
  kRollingBack,
};
enum class StopAfter { kNothing, kStaged };

struct Progress {
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;  // 0 while unknown
  uint64_t bytes_per_second = 0;

  bool operator==(const Progress&) const = default;
};

// Who asked: "admin alice (10.0.2.2)", "root (uid 0, unix socket)".
struct Caller {
  std::string description;
};

// Names of files in the machine's named.d of hooks.
struct HookNames {
  std::vector<std::string> pre{};
  std::vector<std::string> post{};
  std::vector<std::string> rollback{};

  bool operator==(const HookNames&) const = default;
};

struct ScheduleRequest {
  std::string source;
  std::string sha256;
  bool enable_auto_rollback = false;
  std::optional<std::chrono::seconds> health_check_timeout;
  StopAfter stop_after = StopAfter::kNothing;
  std::vector<std::string> force{};  // what it passes by: kForceQuarantine, or a pre-check's name
  std::string request_id;
  calendar::Rules timing{};
  std::chrono::seconds reboot_delay{0};
  HookNames hooks{};
  std::string comment{};               // why it was asked for
  std::optional<update::Mode> mode{};  // else as configured
  std::vector<std::string> inputs{};   // of a flake, to move to their newest; "*": all
  bool no_reboot = false;              // one that takes a reboot waits, staged
  std::string run{};                   // of a fleet, that it belongs to

  bool Forces(std::string_view name) const;
};

inline constexpr std::string_view kForceQuarantine = "quarantine";

struct Schedule {
  std::string id;  // sched-YYYYMMDD-NNN
  ScheduleRequest request;
  ScheduleState state = ScheduleState::kPending;
  Phase phase = Phase::kWaiting;
  std::string target;
  std::string previous;
  std::string version;
  Progress progress;
  std::string reason;
  std::optional<WallTime> waiting_until;  // of what `reason` says it waits for; not durable
  WallTime created;
  WallTime updated;
  std::string requested_by;
  std::vector<std::string> reboot_reasons{};  // of what is staged; not durable
};

bool HasEnded(ScheduleState state);

}  // namespace matic::engine
