#include "osctl/fleet/planner/settle.h"

#include <algorithm>
#include <string>
#include <vector>

namespace matic::fleet {
namespace {

constexpr size_t kFailuresNamed = 5;

// A circle of no effects: each call brings one group on by one phase or wave at most.
class Settling {
 public:
  Settling(Change& run, size_t index)
      : run_(run),
        index_(index),
        planned_(run.plan.groups[index]),
        group_(run.state.groups[index]) {}

  // True where something has changed.
  bool Once() {
    MindDependencies();
    switch (group_.phase) {
      case GroupPhase::kPending:
        return FromPending();
      case GroupPhase::kChecking:
        if (CountFailures() || given_up()) return End(GroupEnd::kStopped, run_.state.stop_reason);
        return false;
      case GroupPhase::kPreScript:
        if (group_.begun || !given_up()) return false;
        return End(GroupEnd::kStopped, run_.state.stop_reason);
      case GroupPhase::kWave:
        return FromWave();
      case GroupPhase::kSoak:
      case GroupPhase::kSoakCheck:
        return given_up() && To(GroupPhase::kClosing);
      case GroupPhase::kClosing:
        return FromClosing();
      case GroupPhase::kRollbackScript:
      case GroupPhase::kPostScript:
      case GroupPhase::kEnded:
        return false;
    }
    return false;
  }

 private:
  bool stopped() const { return run_.state.stop != StopCause::kNone; }
  bool given_up() const { return stopped() || group_.end != GroupEnd::kOpen; }

  bool To(GroupPhase next) {
    SetPhase(run_, index_, next);
    return true;
  }
  bool End(GroupEnd end, const std::string& why) {
    EndGroup(run_, index_, end, why);
    return true;
  }

  bool FromPending() {
    if (stopped()) {
      group_.end = GroupEnd::kOpen;  // what the stop has made of it says less
      const bool unasked = run_.state.stop == StopCause::kLimit && MissesApproval();
      return unasked ? End(GroupEnd::kNotApproved, "nobody approved it before the run's limit")
                     : End(GroupEnd::kStopped, run_.state.stop_reason);
    }
    if (group_.end != GroupEnd::kOpen) return End(group_.end, group_.reason);
    if (!planned_.skip.empty()) return End(GroupEnd::kUnhealthy, planned_.skip);
    if (const std::string bad = BadDependency(); !bad.empty()) {
      return End(GroupEnd::kDependency, bad);
    }
    if (planned_.waves.empty() && group_.failures == 0) return End(GroupEnd::kWell, "");
    if (MissesApproval() && !group_.asked && DependenciesHold(run_.plan, run_.state, index_) &&
        (!planned_.controller || OthersEnded(run_.state, index_))) {
      group_.asked = true;
      Tell(run_, NoticeKind::kApprovalNeeded, index_, "",
           "group '" + planned_.name + "' waits for approval");
    }
    return false;
  }

  bool MissesApproval() const {
    return planned_.needs_approval && !group_.approved && !planned_.waves.empty();
  }

  std::string BadDependency() const {
    for (const size_t need : planned_.dependencies) {
      const GroupRun& other = run_.state.groups[need];
      if (other.end == GroupEnd::kOpen || other.end == GroupEnd::kWell) continue;
      return "group '" + run_.plan.groups[need].name + "', on which it depends: " + other.reason;
    }
    return "";
  }

  // With reboots after all groups, one that others depend on may fail while they are under way.
  void MindDependencies() {
    if (group_.phase < GroupPhase::kChecking || group_.phase > GroupPhase::kClosing) return;
    if (group_.end != GroupEnd::kOpen) return;
    if (group_.phase == GroupPhase::kClosing && group_.at_work == 0) return;
    if (const std::string bad = BadDependency(); !bad.empty()) {
      GiveUpGroup(run_, index_, GroupEnd::kDependency, bad, AfterFailure(run_.plan));
    }
  }

  // " (web-1, web-7)": for people, the first of them.
  std::string WhoFailed() const {
    std::vector<std::string> names;
    for (const LeftOut& left : run_.plan.left_out) {
      if (left.group == planned_.name && IsFailure(left.reason)) {
        names.push_back(left.machine + " " + std::string(NameOf(left.reason)));
      }
    }
    for (size_t i = 0; i < run_.state.machines.size(); ++i) {
      const MachineRun& machine = run_.state.machines[i];
      if (machine.group == index_ && machine.failed) names.push_back(run_.plan.machines[i].name);
    }
    std::string text;
    for (size_t i = 0; i < std::min(names.size(), kFailuresNamed); ++i) {
      text += (i == 0 ? " (" : ", ") + names[i];
    }
    if (names.size() > kFailuresNamed) text += ", …";
    return text.empty() ? text : text + ")";
  }

  // True where more have failed than may.
  bool CountFailures() {
    if (group_.failures <= planned_.max_failures) return false;
    if (stopped() && group_.end != GroupEnd::kOpen) return true;
    const std::string why = "group '" + planned_.name +
                            "': failures: " + std::to_string(group_.failures) + ", of at most " +
                            std::to_string(planned_.max_failures) + WhoFailed();
    GiveUpGroup(run_, index_, GroupEnd::kFailed, why, AfterFailure(run_.plan));
    StopRun(run_, StopCause::kFailures, why);
    return true;
  }

  bool FromWave() {
    CountFailures();
    if (given_up()) return Close();
    if (planned_.waves.empty()) return Close();
    const Wave& wave = planned_.waves[group_.wave];
    if (run_.state.machines[wave.machines.front()].phase == MachinePhase::kWaiting) BeginWave(wave);
    const bool rests =
        std::ranges::all_of(wave.machines, [&](size_t index) { return Rests(index); });
    if (!rests) return false;
    const size_t next = group_.wave + 1;
    Tell(run_, NoticeKind::kWaveDone, index_, "",
         "wave " + std::to_string(next) + " of " + std::to_string(planned_.waves.size()) + ": " +
             Summary(run_.plan, run_.state, wave.machines));
    if (next == planned_.waves.size()) return Close();
    if (wave.canary && !planned_.waves[next].canary && planned_.soak.count() > 0) {
      return To(GroupPhase::kSoak);
    }
    group_.wave = next;
    return To(GroupPhase::kWave);
  }

  void BeginWave(const Wave& wave) {
    for (const size_t machine : wave.machines) {
      const Work work = run_.plan.machines[machine].work;
      const bool stages = work == Work::kUpdate || work == Work::kPrepare;
      SetPhase(run_, machine, stages ? MachinePhase::kStaging : MachinePhase::kRebooting);
    }
  }

  bool Rests(size_t index) const {
    const MachineRun& machine = run_.state.machines[index];
    if (IsEnd(machine.phase)) return true;
    return machine.phase == MachinePhase::kRebooting && !machine.begun && !machine.doubt &&
           RebootsLater(run_.plan, machine);
  }

  bool Close() {
    Stagger();
    return To(GroupPhase::kClosing);
  }

  // The next group waits where this one was touched.
  void Stagger() {
    const bool touched = std::ranges::any_of(planned_.waves, [&](const Wave& wave) {
      return std::ranges::any_of(wave.machines,
                                 [&](size_t index) { return run_.state.machines[index].changed; });
    });
    if (touched) run_.state.group_stagger = run_.at + planned_.stagger;
  }

  bool FromClosing() {
    CountFailures();
    if (group_.at_work > 0) return false;
    if (group_.rolled_back && !planned_.rollback_script.empty()) {
      return To(GroupPhase::kRollbackScript);
    }
    if (group_.end == GroupEnd::kOpen && NoneLeftWell()) {
      return End(GroupEnd::kFailed, "none of its machines came to a good end");
    }
    if (group_.end == GroupEnd::kOpen && !planned_.post_script.empty()) {
      return To(GroupPhase::kPostScript);
    }
    Stagger();
    return End(GroupEnd::kWell, "");
  }

  bool NoneLeftWell() const {
    bool failed = group_.failures > 0;
    for (const Wave& wave : planned_.waves) {
      for (const size_t index : wave.machines) {
        const MachineRun& machine = run_.state.machines[index];
        if (machine.phase == MachinePhase::kUpdated) return false;
        if (machine.phase == MachinePhase::kRebootPending) return false;
        failed = failed || machine.failed;
      }
    }
    return failed;
  }

  Change& run_;
  const size_t index_;
  const PlannedGroup& planned_;
  GroupRun& group_;
};

// Machines that are down for good take the places that others would need.
bool NoPlaceLeft(const Plan& plan, const RunState& state) {
  if (plan.work == Work::kRollBack) return false;
  const size_t most = std::max<size_t>(1, plan.settings.max_parallel);
  if (state.lost.size() < most) return false;
  const auto gone = std::ranges::count_if(
      state.lost, [&](size_t index) { return IsEnd(state.machines[index].phase); });
  if (static_cast<size_t>(gone) < most) return false;
  return std::ranges::any_of(state.machines, [](const MachineRun& machine) {
    const bool begins =
        machine.phase == MachinePhase::kActivating || machine.phase == MachinePhase::kRebooting;
    return machine.phase == MachinePhase::kWaiting || machine.phase == MachinePhase::kStaging ||
           (begins && !machine.begun && !machine.doubt);
  });
}

void Finish(Change& run) {
  const auto ended = [](const GroupRun& group) { return group.phase == GroupPhase::kEnded; };
  if (!std::ranges::all_of(run.state.groups, ended)) return;
  run.state.finished = true;
  Tell(run, NoticeKind::kRunFinished, std::nullopt, "", Summary(run.plan, run.state));
}

}  // namespace

bool EndedWell(const GroupRun& group) {
  return group.phase == GroupPhase::kEnded && group.end == GroupEnd::kWell;
}

bool RebootsLater(const Plan& plan, const MachineRun& machine) {
  const PlannedGroup& group = plan.groups[machine.group];
  return plan.settings.reboots == RebootOrder::kAfterAll && !group.controller &&
         !group.waves[machine.wave].canary;
}

bool DependenciesHold(const Plan& plan, const RunState& state, size_t group) {
  const bool later = plan.settings.reboots == RebootOrder::kAfterAll;
  return std::ranges::all_of(plan.groups[group].dependencies, [&](size_t need) {
    const GroupRun& other = state.groups[need];
    return EndedWell(other) ||
           (later && other.phase == GroupPhase::kClosing && other.end == GroupEnd::kOpen);
  });
}

bool OthersEnded(const RunState& state, size_t group) {
  for (size_t i = 0; i < state.groups.size(); ++i) {
    if (i != group && state.groups[i].phase != GroupPhase::kEnded) return false;
  }
  return true;
}

void Settle(Change& run) {
  bool further = true;
  while (further) {
    further = false;
    const StopCause before = run.state.stop;
    if (NoPlaceLeft(run.plan, run.state)) {
      StopRun(run, StopCause::kNoCapacity,
              "so many machines are down as may be at once (" +
                  std::to_string(run.plan.settings.max_parallel) +
                  "), and were not seen healthy again");
    }
    for (size_t group = 0; group < run.state.groups.size(); ++group) {
      further = Settling(run, group).Once() || further;
    }
    further = further || run.state.stop != before;
  }
  Finish(run);
}

}  // namespace matic::fleet
