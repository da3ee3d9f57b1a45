#include <utility>

#include "osctl/fleet/planner/group_events.h"
#include "osctl/fleet/planner/machine_events.h"
#include "osctl/fleet/planner/settle.h"
#include "osctl/fleet/planner/timing.h"

namespace matic::fleet {
namespace {

struct Applying {
  Change& run;

  void operator()(const Started&) const {
    RunState& state = run.state;
    if (!state.groups.empty() || !state.machines.empty()) return;
    state.started = run.at;
    state.machines.resize(run.plan.machines.size());
    state.groups.resize(run.plan.groups.size());
    for (size_t i = 0; i < run.plan.machines.size(); ++i)
      state.names[run.plan.machines[i].name] = i;
    for (size_t group = 0; group < run.plan.groups.size(); ++group) {
      state.groups[group].failures = run.plan.groups[group].failures_before;
      state.groups[group].since = run.at;
      const auto& waves = run.plan.groups[group].waves;
      for (size_t wave = 0; wave < waves.size(); ++wave) {
        for (const size_t index : waves[wave].machines) {
          state.machines[index].group = group;
          state.machines[index].wave = wave;
          state.machines[index].since = run.at;
        }
      }
    }
    Tell(run, NoticeKind::kRunStarted, std::nullopt, "",
         "machines: " + std::to_string(state.machines.size()));
  }

  void operator()(const Begun& event) const {
    if (event.machine.empty()) {
      if (event.group < run.state.groups.size()) OnGroupBegun(run, event.group, event.step);
    } else if (const auto machine = Find(event.machine)) {
      OnMachineBegun(run, *machine, event.step);
    }
  }
  void operator()(const Seen& event) const {
    if (const auto machine = Find(event.machine)) OnSeen(run, *machine, event);
  }
  void operator()(const Failed& event) const {
    if (const auto machine = Find(event.machine)) OnFailed(run, *machine, event);
  }
  void operator()(const GroupDone& event) const {
    if (event.group < run.state.groups.size()) OnGroupDone(run, event);
  }

  void operator()(const Tick&) const {
    RunState& state = run.state;
    if (!state.paused && state.stop == StopCause::kNone) {
      if (run.at >= LimitOf(run.plan, state)) {
        StopRun(run, StopCause::kLimit, "the run took as long as it may");
      } else if (!state.overdue && run.at >= OverdueAt(run.plan, state)) {
        state.overdue = true;
        Tell(run, NoticeKind::kLongRunning, std::nullopt, "",
             "three quarters of its time are over");
      }
    }
    const std::set<size_t> active = state.active;
    for (const size_t machine : active) OnMachineTick(run, machine);
    for (size_t group = 0; group < state.groups.size(); ++group) OnGroupTick(run, group);
  }

  void operator()(const TakenUp&) const {
    for (const size_t machine : run.state.active) OnMachineTakenUp(run, machine);
    for (GroupRun& group : run.state.groups) group.begun = false;
    Tell(run, NoticeKind::kResumed, std::nullopt, "", "taken up after its controller had ended");
  }

  void operator()(const Approved& event) const {
    // The controller is of the same group for who approves it.
    for (size_t i = 0; i < run.state.groups.size(); ++i) {
      if (run.plan.groups[i].name == event.group) run.state.groups[i].approved = true;
    }
  }

  void operator()(const Paused&) const {
    if (run.state.paused) return;
    run.state.paused = true;
    run.state.paused_at = run.at;
    Tell(run, NoticeKind::kPaused, std::nullopt, "", "paused: what is under way comes to its end");
  }

  void operator()(const Unpaused&) const {
    RunState& state = run.state;
    if (!state.paused) return;
    state.paused = false;
    if (run.at > state.paused_at) state.paused_for += run.at - state.paused_at;
    Tell(run, NoticeKind::kResumed, std::nullopt, "", "goes on");
  }

  void operator()(const Stopped& event) const {
    StopRun(run, StopCause::kAsked, event.why.empty() ? "stopped" : "stopped: " + event.why);
    if (!event.revert) return;
    for (size_t i = 0; i < run.state.machines.size(); ++i) {
      GiveUpMachine(run, i, GivenUp::kBackAll);
    }
  }

  void operator()(const Notified&) const {}

  std::optional<size_t> Find(const std::string& name) const {
    const auto found = run.state.names.find(name);
    if (found == run.state.names.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace

void Apply(const Plan& plan, RunState& state, const Event& event) {
  if (const auto* notified = std::get_if<Notified>(&event.what)) {
    if (notified->count > state.notified && notified->count <= state.notices.size()) {
      state.notified = notified->count;
    }
    return;
  }
  const bool started = !state.notices.empty();
  if (state.finished || started == std::holds_alternative<Started>(event.what)) return;
  Change run{plan, state, event.at};
  std::visit(Applying{run}, event.what);
  Settle(run);
}

bool IsEnd(MachinePhase phase) { return phase >= MachinePhase::kUpdated; }

std::optional<Step> StepOf(MachinePhase phase) {
  switch (phase) {
    case MachinePhase::kStaging:
      return Step::kStage;
    case MachinePhase::kActivating:
      return Step::kActivate;
    case MachinePhase::kRebooting:
      return Step::kReboot;
    case MachinePhase::kVerifying:
      return Step::kVerify;
    case MachinePhase::kRollingBack:
      return Step::kRollBack;
    case MachinePhase::kCancelling:
      return Step::kCancel;
    case MachinePhase::kWaiting:
    case MachinePhase::kUpdated:
    case MachinePhase::kRebootPending:
    case MachinePhase::kRolledBack:
    case MachinePhase::kFailed:
    case MachinePhase::kSkipped:
    case MachinePhase::kNotReached:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Step> StepOf(GroupPhase phase) {
  switch (phase) {
    case GroupPhase::kChecking:
    case GroupPhase::kSoakCheck:
      return Step::kCheckHealth;
    case GroupPhase::kPreScript:
      return Step::kPreScript;
    case GroupPhase::kRollbackScript:
      return Step::kRollbackScript;
    case GroupPhase::kPostScript:
      return Step::kPostScript;
    case GroupPhase::kPending:
    case GroupPhase::kWave:
    case GroupPhase::kSoak:
    case GroupPhase::kClosing:
    case GroupPhase::kEnded:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace matic::fleet
