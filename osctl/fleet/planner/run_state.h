// A run of a fleet, as its events have left it.
//
// How a controller runs one (all that is here is pure and does not know the time):
//
//   journal the plan and Started; RunState state; Apply(plan, state, started)
//   loop:
//     decision = Decide(plan, state, now)          // decide.h
//     if decision.finished: the run has ended
//     for each action: journal action.begin, Apply it, then start carrying it out
//     hand on the notices from state.notified on; journal and Apply Notified
//     wait for: an end of a step, a wish of somebody's, decision.wake
//     journal what came as an event (Tick at the wake), Apply it
//
// A machine has one step at a time. When a new action names one that still has a step under way
// (its deadline passed, or its group is given up), that step is abandoned; the end of an abandoned
// step must not be told any more.
//
// A controller that goes on with another's run applies the journalled events, then TakenUp. Each
// machine that may be in the middle of something is read back (kObserve, told as Seen) before
// anything else is done with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "osctl/fleet/planner/event.h"
#include "osctl/fleet/planner/plan.h"

namespace matic::fleet {

enum class MachinePhase {
  kWaiting,  // its wave has not come
  // What is to be done or, where `begun`, being done.
  kStaging,
  kActivating,
  kRebooting,
  kVerifying,
  kRollingBack,
  kCancelling,
  // Ends.
  kUpdated,        // read back: as its work was to leave it
  kRebootPending,  // activated, and not rebooted: not allowed, or given up before
  kRolledBack,     // read back: it runs what it ran before
  kFailed,
  kSkipped,     // offline when its turn came, which is allowed
  kNotReached,  // given up before it was changed
};

// What becomes of a machine that its wave, its group or the run gives up. Each takes in the one
// before. What is in the middle of activating or rebooting first comes to its end.
enum class GivenUp {
  kNo,
  kKeep,     // nothing is begun any more; what is activated waits for a reboot by somebody else
  kBack,     // what is activated and waits for its reboot is rolled back
  kBackAll,  // and so is what runs already
};

struct MachineRun {
  size_t group = 0;  // index of Plan::groups
  size_t wave = 0;   // of that group
  MachinePhase phase = MachinePhase::kWaiting;
  WallTime since{};               // of the phase
  bool begun = false;             // the step of the phase; or reading back, where `doubt`
  bool doubt = false;             // its step was begun by a controller that is gone
  WallTime begun_at{};            // where `begun`
  std::chrono::seconds spent{0};  // of its deadline, in steps that have ended
  bool changed = false;           // this run began to activate or to reboot it
  bool failed = false;
  bool forgiven = false;  // it failed in a way that is only reported: not counted
  bool lost = false;      // it failed after it was changed, and was not seen healthy since
  GivenUp given_up = GivenUp::kNo;
  std::string version{};  // what it ran when last seen in this run; empty: not seen
  std::string reason{};   // for people
  bool operator==(const MachineRun&) const = default;
};

enum class GroupPhase {
  kPending,
  kChecking,
  kPreScript,
  kWave,
  kSoak,
  kSoakCheck,
  kClosing,  // no wave is left to begin; machines may still reboot or roll back
  kRollbackScript,
  kPostScript,
  kEnded,
};

enum class GroupEnd {
  kOpen,
  kWell,
  kFailed,       // a canary, all its machines, more than may fail, a script, or it was rolled back
  kUnhealthy,    // not touched
  kDependency,   // not gone on with: a group that it depends on did not end well
  kPreScript,    // not touched
  kWindow,       // machines are left, and no window opens before the run's limit
  kNotApproved,  // not touched
  kStopped,      // the run ended before it
};

struct GroupRun {
  GroupPhase phase = GroupPhase::kPending;
  WallTime since{};    // of the phase
  bool begun = false;  // the step of its phase
  WallTime begun_at{};
  bool approved = false;
  bool asked = false;  // for approval
  size_t wave = 0;
  uint32_t failures = 0;     // machines, as they count
  bool rolled_back = false;  // something of it, and its rollback script has not run since
  GroupEnd end = GroupEnd::kOpen;
  std::string reason{};  // for people
  size_t at_work = 0;    // so many of its machines are in RunState::active
  bool operator==(const GroupRun&) const = default;
};

enum class NoticeKind {
  kRunStarted,
  kWaveDone,
  kMachineFailed,
  kRolledBack,
  kApprovalNeeded,
  kGroupEnded,
  kPaused,
  kResumed,
  kRunStopped,
  kLongRunning,
  kRunFinished,
};

// Something that people want to hear of.
struct Notice {
  NoticeKind kind = NoticeKind::kRunStarted;
  WallTime at{};
  std::optional<size_t> group{};  // index of Plan::groups
  std::string machine{};
  std::string text{};
  bool operator==(const Notice&) const = default;
};

enum class StopCause { kNone, kFailures, kRebootFailed, kNoCapacity, kLimit, kAsked };

struct RunState {
  WallTime started{};
  std::vector<MachineRun> machines{};  // as Plan::machines; empty before Started
  std::vector<GroupRun> groups{};      // as Plan::groups
  bool paused = false;
  WallTime paused_at{};
  WallTime::duration paused_for{0};  // before; does not count for the run's limit
  StopCause stop = StopCause::kNone;
  std::string stop_reason{};
  bool overdue = false;                     // people have been told that it takes long
  std::optional<WallTime> last_reboot{};    // begun
  std::optional<WallTime> group_stagger{};  // no group starts before
  std::vector<Notice> notices{};            // only ever added to
  size_t notified = 0;                      // so many of them have been handed on
  bool finished = false;
  // Made of the above, to find quickly.
  std::map<std::string, size_t> names{};  // of machines
  std::set<size_t> active{};              // machines in a phase that is neither kWaiting nor an end
  std::set<size_t> lost{};                // machines that are
  bool operator==(const RunState&) const = default;
};

// What an event makes of a run. One that does not fit (of a step that is not under way, told twice,
// of a machine that is not in the plan) changes nothing.
void Apply(const Plan& plan, RunState& state, const Event& event);

bool IsEnd(MachinePhase phase);
// The step that a phase stands for; nothing where it waits or is an end.
std::optional<Step> StepOf(MachinePhase phase);
std::optional<Step> StepOf(GroupPhase phase);

// "3 updated, 1 failed": of all machines, or of some.
std::string Summary(const Plan& plan, const RunState& state);
std::string Summary(const Plan& plan, const RunState& state, const std::vector<size_t>& machines);

// "rolling-back", "reboot-failed", …
std::string_view NameOf(MachinePhase phase);
// As that work has it: what a rollback has brought to its end is "rolled-back".
std::string_view NameOf(MachinePhase phase, Work work);
std::string_view NameOf(GroupPhase phase);
std::string_view NameOf(GroupEnd end);
std::string_view NameOf(NoticeKind kind);
std::string_view NameOf(StopCause cause);

}  // namespace matic::fleet
