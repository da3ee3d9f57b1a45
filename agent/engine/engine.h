// The agent's life: keeps state and schedules durable, drives the state machine (agent/update), and
// carries out what it asks for. Both backends run under it.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine/fetch_plan.h"
#include "agent/engine/run_lease.h"
#include "agent/engine/schedule.h"
#include "agent/engine/source_resolver.h"
#include "agent/engine/standing_cause.h"
#include "agent/health/report.h"
#include "agent/update/facts.h"
#include "agent/update/transition.h"
#include "lib/base/result.h"
#include "lib/calendar/decide.h"

namespace matic::engine {

struct Status {
  std::string node_name;
  std::string machine_id;
  std::string backend;
  std::string os_version;
  std::chrono::seconds uptime{0};
  update::Facts facts;
  std::string trial_target;  // empty while none is on trial
  Phase phase = Phase::kNone;
  std::string schedule_id;  // of what is under way
  std::string waiting_for;
  uint32_t boot_counter = 0;
  std::optional<WallTime> last_update_time;
  std::vector<std::string> problems;
  std::vector<std::string> quarantined;
  std::optional<Lease> lease;
  std::optional<StandingCause> common_cause;
};

enum class RollbackKind { kAutomatic, kManual };

struct RollbackRecord {
  WallTime time;
  RollbackKind kind = RollbackKind::kAutomatic;
  std::string from;
  std::string to;
  std::string reason;
  std::string schedule_id;
  std::string digest;   // of the image left behind
  std::string version;  // of the image left behind
  std::string boot_id;
  std::string requested_by;      // of a manual rollback
  std::string failed_boot_id{};  // of the start that was left, where it was seen
  update::RollbackCause cause = update::RollbackCause::kUnknown;
};

// "health", "boot-attempts", "not-started", "activation", "manual", "unknown".
std::string_view CauseName(update::RollbackCause cause);

// Something that happened.
struct HistoryEvent {
  WallTime time{};
  // scheduled, started, step, completed, failed, rolled-back, cancelled, hook, boot-log,
  // common-cause, common-cause-ended
  std::string kind{};
  std::string schedule_id{};
  std::string summary{};
  std::string requested_by{};
  std::string version{};
  std::string digest{};
  std::string boot_id{};
  std::string output{};          // of a hook or a step; the end of a failed start's journal
  std::string failed_boot_id{};  // of the start that a rollback left, where it was seen
};

// What an update would do.
struct Plan {
  ResolvedSource image;  // as far as it could be found out
  FetchPlan fetch;
  std::string target;
  std::string previous;   // the way back
  std::string next_boot;  // after it was activated
  struct StepTime {
    std::string name;  // download, install, reboot
    calendar::Decision decision;
  };
  std::vector<StepTime> steps;
  struct Check {
    std::string name;
    bool passed = true;
    std::string output;
  };
  std::vector<Check> checks;

  bool Possible() const;
};

// Where to go back to: the previous system, where none of the three is said.
struct RollbackRequest {
  std::string reason;
  uint64_t generation = 0;
  bool golden = false;
  std::string target{};  // by its name; goes before the others
};

struct Rollback {
  std::string from;
  std::string to;
};

// What became of a run's update of this machine when the run was stopped.
struct StoppedRun {
  Lease lease;
  std::optional<Schedule> schedule;
  // It leaves what the run has brought. Not so with `revert` and a completed schedule: that does
  // not run here any more, as it was left before, or somebody has updated the machine since.
  bool rolling_back = false;
};

// What the API may ask for. Thread-safe; nothing here blocks longer than a write to the state
// folder, but for PlanUpdate, GetHealth (a few seconds) and WaitForChange.
class Engine {
 public:
  virtual ~Engine() = default;

  // kRefused while another update runs, for a quarantined image without force, or while the running
  // system is not confirmed. The same request id again returns the same schedule.
  virtual Result<Schedule> ScheduleUpdate(const ScheduleRequest& request, const Caller& caller) = 0;
  // What ScheduleUpdate would do now. Keeps nothing; may ask the network, until it is stopped.
  virtual Result<Plan> PlanUpdate(const ScheduleRequest& request, std::stop_token stop) = 0;
  // kRefused where it is not staged, or a run of a fleet forbids it. A `run` that is not empty
  // holds the machine, and the schedule is its own from then on.
  virtual Result<Schedule> ActivateUpdate(const std::string& id, const std::string& run,
                                          const Caller& caller) = 0;
  // An empty id names the one under way, or the newest.
  virtual Result<Schedule> GetSchedule(const std::string& id) = 0;
  virtual std::vector<Schedule> ListSchedules(size_t limit) = 0;
  virtual Result<Schedule> CancelSchedule(const std::string& id, const std::string& reason,
                                          const Caller& caller) = 0;

  struct Change {
    Schedule schedule;
    uint64_t revision;
  };
  // Returns at once when the schedule has changed since `seen` (0: at once), else waits for the
  // next change, for at most `limit`; then the schedule as it is.
  virtual Result<Change> WaitForChange(const std::string& id, uint64_t seen,
                                       std::chrono::milliseconds limit) = 0;

  // The latest report; a new one with `refresh`, or where it is older than a minute. kCancelled
  // where it was stopped before.
  virtual Result<health::Report> GetHealth(bool refresh, std::stop_token stop) = 0;
  virtual Result<Rollback> TriggerRollback(const RollbackRequest& request,
                                           const Caller& caller) = 0;
  virtual Result<std::vector<RollbackRecord>> GetRollbackHistory(size_t limit) = 0;
  // Newest first, none older than `since`.
  virtual Result<std::vector<HistoryEvent>> GetHistory(size_t limit,
                                                       std::optional<WallTime> since) = 0;
  virtual Result<Status> GetStatus() = 0;

  // Which run of a fleet may update this machine (run_lease.h has the errors).
  virtual Result<Lease> AcquireLease(const LeaseRequest& request, const Caller& caller) = 0;
  virtual Result<> ReleaseLease(const std::string& run, const Caller& caller) = 0;
  // The run begins nothing more here. An update of it is cancelled before its first start; after it
  // that happens with `revert` alone, which also leaves what it has completed, for the system that
  // ran before it. Done twice is done once: a system that the run did not bring is never left.
  // kRefused where the way back is closed; the run is stopped then all the same.
  virtual Result<StoppedRun> StopRun(const std::string& run, bool revert, const Caller& caller) = 0;

  // Returns whether the running system on trial got its try back.
  virtual Result<bool> Reboot(const std::string& reason, const Caller& caller) = 0;
};

}  // namespace matic::engine
