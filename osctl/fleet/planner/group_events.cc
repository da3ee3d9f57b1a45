#include "osctl/fleet/planner/group_events.h"

#include <algorithm>

#include "osctl/fleet/planner/openings.h"
#include "osctl/fleet/planner/timing.h"

namespace matic::fleet {
namespace {

bool WindowMatters(const MachineRun& machine) {
  const bool begins =
      machine.phase == MachinePhase::kWaiting || machine.phase == MachinePhase::kStaging ||
      machine.phase == MachinePhase::kActivating || machine.phase == MachinePhase::kRebooting;
  return begins && !machine.begun && !machine.doubt;
}

// Gives up what could only begin in a window that does not open any more.
void MissWindow(Change& run, size_t index) {
  const RunState& state = run.state;
  if (state.paused || state.stop != StopCause::kNone) return;
  const PlannedGroup& planned = run.plan.groups[index];
  const bool matters = std::ranges::any_of(planned.waves, [&](const Wave& wave) {
    return std::ranges::any_of(
        wave.machines, [&](size_t machine) { return WindowMatters(state.machines[machine]); });
  });
  if (!matters) return;
  const Opening opening = FindOpening(planned, run.plan.settings, run.at, LimitOf(run.plan, state));
  if (opening.open || opening.at) return;
  GiveUpGroup(run, index, GroupEnd::kWindow, opening.why, GivenUp::kKeep);
}

void FailSoak(Change& run, const GroupDone& done) {
  for (const std::string& name : done.unhealthy) {
    const auto found = run.state.names.find(name);
    if (found == run.state.names.end()) continue;
    const MachineRun& canary = run.state.machines[found->second];
    if (canary.group != done.group || canary.phase != MachinePhase::kUpdated) continue;
    FailMachine(run, found->second, "not healthy after the soak", nullptr);
  }
  GiveUpGroup(run, done.group, GroupEnd::kFailed, "after the canaries' soak: " + done.why,
              AfterFailure(run.plan));
}

void Succeed(Change& run, size_t index) {
  GroupRun& group = run.state.groups[index];
  switch (group.phase) {
    case GroupPhase::kChecking:
      return SetPhase(
          run, index,
          run.plan.groups[index].pre_script.empty() ? GroupPhase::kWave : GroupPhase::kPreScript);
    case GroupPhase::kSoakCheck:
      ++group.wave;
      return SetPhase(run, index, GroupPhase::kWave);
    case GroupPhase::kPreScript:
      return SetPhase(run, index, GroupPhase::kWave);
    case GroupPhase::kRollbackScript:
      group.rolled_back = false;
      return SetPhase(run, index, GroupPhase::kClosing);
    case GroupPhase::kPostScript:
      // A stop may have taken machines back meanwhile.
      if (group.at_work > 0) return SetPhase(run, index, GroupPhase::kClosing);
      return EndGroup(run, index, GroupEnd::kWell, "");
    case GroupPhase::kPending:
    case GroupPhase::kWave:
    case GroupPhase::kSoak:
    case GroupPhase::kClosing:
    case GroupPhase::kEnded:
      return;
  }
}

void Fail(Change& run, const GroupDone& done) {
  GroupRun& group = run.state.groups[done.group];
  switch (group.phase) {
    case GroupPhase::kChecking:
      return EndGroup(run, done.group, GroupEnd::kUnhealthy, done.why);
    case GroupPhase::kPreScript:
      return EndGroup(run, done.group, GroupEnd::kPreScript, "pre-script: " + done.why);
    case GroupPhase::kSoakCheck:
      return FailSoak(run, done);
    case GroupPhase::kRollbackScript:
    case GroupPhase::kPostScript: {
      const bool post = group.phase == GroupPhase::kPostScript;
      GiveUpGroup(run, done.group, GroupEnd::kFailed,
                  (post ? "post-script: " : "rollback script: ") + done.why, GivenUp::kKeep);
      group.rolled_back = false;
      return SetPhase(run, done.group, GroupPhase::kClosing);
    }
    case GroupPhase::kPending:
    case GroupPhase::kWave:
    case GroupPhase::kSoak:
    case GroupPhase::kClosing:
    case GroupPhase::kEnded:
      return;
  }
}

}  // namespace

void OnGroupBegun(Change& run, size_t index, Step step) {
  GroupRun& group = run.state.groups[index];
  if (group.phase == GroupPhase::kPending && step == Step::kCheckHealth) {
    SetPhase(run, index, GroupPhase::kChecking);
  }
  if (group.begun || StepOf(group.phase) != step) return;
  group.begun = true;
  group.begun_at = run.at;
}

void OnGroupDone(Change& run, const GroupDone& done) {
  const GroupRun& group = run.state.groups[done.group];
  if (!group.begun || StepOf(group.phase) != done.step) return;
  if (done.ok) {
    Succeed(run, done.group);
  } else {
    Fail(run, done);
  }
}

void OnGroupTick(Change& run, size_t index) {
  const GroupRun& group = run.state.groups[index];
  const auto step = StepOf(group.phase);
  if (step && group.begun && run.at >= DeadlineOf(run.plan, *step, group.begun_at)) {
    Fail(run, {.step = *step,
               .group = index,
               .ok = false,
               .unhealthy = {},
               .why = std::string(NameOf(*step)) + ": not done within its deadline"});
  }
  if (group.phase == GroupPhase::kSoak && run.at >= group.since + run.plan.groups[index].soak) {
    SetPhase(run, index, GroupPhase::kSoakCheck);
  }
  MissWindow(run, index);
}

}  // namespace matic::fleet
