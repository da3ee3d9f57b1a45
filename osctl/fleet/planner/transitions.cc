#include "osctl/fleet/planner/transitions.h"

#include <algorithm>

namespace matic::fleet {
namespace {

std::string WhyGivenUp(const Change& run, const MachineRun& machine) {
  const GroupRun& group = run.state.groups[machine.group];
  if (group.end != GroupEnd::kOpen && !group.reason.empty()) return group.reason;
  if (run.state.stop != StopCause::kNone) return run.state.stop_reason;
  return "another machine of its wave failed";
}

void SetLost(Change& run, size_t index, bool lost) {
  run.state.machines[index].lost = lost;
  if (lost) {
    run.state.lost.insert(index);
  } else {
    run.state.lost.erase(index);
  }
}

// Where a machine that is given up goes from its phase; nothing where it stays.
std::optional<MachinePhase> WayOut(const MachineRun& machine, Work work) {
  if (machine.given_up == GivenUp::kNo) return std::nullopt;
  const bool at_work = machine.begun || machine.doubt;
  switch (machine.phase) {
    case MachinePhase::kWaiting:
      return MachinePhase::kNotReached;
    case MachinePhase::kStaging:
      return at_work ? MachinePhase::kCancelling : MachinePhase::kNotReached;
    case MachinePhase::kActivating:
      if (at_work) return std::nullopt;
      return MachinePhase::kCancelling;
    case MachinePhase::kRebooting:
      if (at_work) return std::nullopt;
      if (!CanBeTakenBack(work)) return MachinePhase::kNotReached;
      // What was activated before this run is not its to take back.
      return machine.given_up == GivenUp::kKeep || !machine.changed ? MachinePhase::kRebootPending
                                                                    : MachinePhase::kRollingBack;
    case MachinePhase::kUpdated:
    case MachinePhase::kRebootPending:
      if (machine.given_up != GivenUp::kBackAll || !machine.changed) return std::nullopt;
      if (!CanBeTakenBack(work)) return std::nullopt;
      return MachinePhase::kRollingBack;
    case MachinePhase::kVerifying:
    case MachinePhase::kRollingBack:
    case MachinePhase::kCancelling:
    case MachinePhase::kRolledBack:
    case MachinePhase::kFailed:
    case MachinePhase::kSkipped:
    case MachinePhase::kNotReached:
      return std::nullopt;
  }
  return std::nullopt;
}

void Withdraw(Change& run, size_t index) {
  MachineRun& machine = run.state.machines[index];
  const auto next = WayOut(machine, run.plan.machines[index].work);
  if (!next) return;
  GroupRun& group = run.state.groups[machine.group];
  if (run.state.stop != StopCause::kNone &&
      (group.end == GroupEnd::kOpen || group.end == GroupEnd::kWell)) {
    group.end = GroupEnd::kStopped;
    group.reason = run.state.stop_reason;
  }
  if (machine.reason.empty()) machine.reason = WhyGivenUp(run, machine);
  SetPhase(run, index, *next);
  if (group.phase == GroupPhase::kEnded) SetPhase(run, machine.group, GroupPhase::kClosing);
}

void CountFailure(Change& run, size_t index) {
  MachineRun& machine = run.state.machines[index];
  if (!machine.failed && !machine.forgiven) ++run.state.groups[machine.group].failures;
  machine.failed = true;
}

// After its activation or reboot began, which may leave it on neither system.
void FailChanged(Change& run, size_t index, const Seen* seen) {
  MachineRun& machine = run.state.machines[index];
  const RollbackScope scope = run.plan.settings.rollback_on_failure;
  if (!machine.changed) return SetPhase(run, index, MachinePhase::kFailed);
  if (!CanBeTakenBack(run.plan.machines[index].work)) {
    SetLost(run, index, seen == nullptr || !seen->healthy);
    return SetPhase(run, index, MachinePhase::kFailed);
  }
  if (seen != nullptr && RunsOld(*seen)) {
    SetPhase(run, index, MachinePhase::kRolledBack);
  } else {
    // One that failed after its soak is down again from when its rollback begins.
    SetLost(run, index,
            scope == RollbackScope::kNone ? seen == nullptr || !seen->healthy
                                          : machine.phase != MachinePhase::kUpdated);
    SetPhase(run, index,
             scope == RollbackScope::kNone ? MachinePhase::kFailed : MachinePhase::kRollingBack);
  }
  const std::string& name = run.plan.machines[index].name;
  if (scope == RollbackScope::kWave) {
    for (const size_t other : run.plan.groups[machine.group].waves[machine.wave].machines) {
      GiveUpMachine(run, other, GivenUp::kBackAll);
    }
  }
  if (scope == RollbackScope::kGroup) {
    GiveUpGroup(run, machine.group, GroupEnd::kFailed,
                "rolled back, since machine '" + name + "' failed", GivenUp::kBackAll);
  }
}

}  // namespace

bool RunsOld(const Seen& seen) {
  return seen.healthy && !seen.up_to_date && !seen.reboot_pending &&
         seen.under_way == UnderWay::kNothing;
}

GivenUp AfterFailure(const Plan& plan) {
  return plan.settings.rollback_on_failure == RollbackScope::kNone ? GivenUp::kKeep
                                                                   : GivenUp::kBack;
}

void Tell(Change& run, NoticeKind kind, std::optional<size_t> group, const std::string& machine,
          const std::string& text) {
  run.state.notices.push_back({kind, run.at, group, machine, text});
}

void SetPhase(Change& run, size_t index, MachinePhase next) {
  MachineRun& machine = run.state.machines[index];
  if (machine.begun && !machine.doubt && run.at > machine.begun_at) {
    machine.spent += std::chrono::floor<std::chrono::seconds>(run.at - machine.begun_at);
  }
  // What puts it right again has the whole deadline for itself.
  if (next == MachinePhase::kRollingBack || next == MachinePhase::kCancelling) {
    machine.spent = std::chrono::seconds(0);
  }
  machine.phase = next;
  machine.since = run.at;
  machine.begun = false;
  machine.doubt = false;
  size_t& at_work = run.state.groups[machine.group].at_work;
  if (StepOf(next)) {
    at_work += run.state.active.insert(index).second ? 1 : 0;
  } else {
    at_work -= run.state.active.erase(index);
  }
  if (next == MachinePhase::kUpdated && run.plan.work == Work::kRollBack) {
    run.state.groups[machine.group].rolled_back = true;
  }
  if (next == MachinePhase::kRolledBack) {
    SetLost(run, index, false);
    run.state.groups[machine.group].rolled_back = true;
    Tell(run, NoticeKind::kRolledBack, machine.group, run.plan.machines[index].name,
         machine.reason);
  }
  Withdraw(run, index);
}

void SetPhase(Change& run, size_t index, GroupPhase next) {
  GroupRun& group = run.state.groups[index];
  group.phase = next;
  group.since = run.at;
  group.begun = false;
}

void GiveUpMachine(Change& run, size_t index, GivenUp how) {
  MachineRun& machine = run.state.machines[index];
  machine.given_up = std::max(machine.given_up, how);
  Withdraw(run, index);
}

void GiveUpGroup(Change& run, size_t index, GroupEnd end, const std::string& why, GivenUp how) {
  GroupRun& group = run.state.groups[index];
  if (group.end == GroupEnd::kOpen) {
    group.end = end;
    group.reason = why;
  }
  for (const Wave& wave : run.plan.groups[index].waves) {
    for (const size_t machine : wave.machines) GiveUpMachine(run, machine, how);
  }
}

void EndGroup(Change& run, size_t index, GroupEnd end, const std::string& why) {
  GroupRun& group = run.state.groups[index];
  if (group.end == GroupEnd::kOpen) {
    group.end = end;
    group.reason = why;
  }
  GiveUpGroup(run, index, group.end, group.reason, GivenUp::kKeep);
  SetPhase(run, index, GroupPhase::kEnded);
  Tell(run, NoticeKind::kGroupEnded, index, "", group.reason);
}

void StopRun(Change& run, StopCause cause, const std::string& why) {
  if (run.state.stop != StopCause::kNone) return;
  run.state.stop = cause;
  run.state.stop_reason = why;
  Tell(run, NoticeKind::kRunStopped, std::nullopt, "", why);
  const bool failed = cause != StopCause::kLimit && cause != StopCause::kAsked;
  const GivenUp how = failed ? AfterFailure(run.plan) : GivenUp::kKeep;
  for (size_t i = 0; i < run.state.machines.size(); ++i) GiveUpMachine(run, i, how);
}

void FailMachine(Change& run, size_t index, const std::string& why, const Seen* seen) {
  MachineRun& machine = run.state.machines[index];
  const MachinePhase phase = machine.phase;
  if (phase == MachinePhase::kCancelling) {
    machine.reason = "what was staged could not be taken back: " + why;
    return SetPhase(run, index, MachinePhase::kNotReached);
  }
  const std::string& name = run.plan.machines[index].name;
  const bool reboot = phase == MachinePhase::kRebooting;
  const bool back = phase == MachinePhase::kRollingBack;
  if (reboot && !machine.failed) {
    machine.forgiven = run.plan.settings.on_reboot_failure == OnRebootFailure::kWarn;
  }
  if (back && !machine.reason.empty()) machine.reason += "; ";
  machine.reason = back ? machine.reason + "rollback: " + why : why;
  CountFailure(run, index);
  Tell(run, NoticeKind::kMachineFailed, machine.group, name, why);
  if (back) {
    SetLost(run, index, seen == nullptr || !seen->healthy);
    return SetPhase(run, index, MachinePhase::kFailed);
  }
  FailChanged(run, index, seen);
  if (run.plan.groups[machine.group].waves[machine.wave].canary) {
    // What canaries are there for: nothing follows a failed one.
    GiveUpGroup(run, machine.group, GroupEnd::kFailed, "canary '" + name + "' failed: " + why,
                AfterFailure(run.plan));
  }
  if (reboot && !machine.forgiven) {
    const bool rollback = run.plan.work == Work::kRollBack;
    StopRun(run, StopCause::kRebootFailed,
            "machine '" + name + "' failed to " + (rollback ? "go back: " : "reboot: ") + why);
  }
}

}  // namespace matic::fleet
