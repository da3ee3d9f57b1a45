#include "osctl/fleet/planner/decide.h"

#include <algorithm>

#include "osctl/fleet/planner/capacity.h"
#include "osctl/fleet/planner/openings.h"
#include "osctl/fleet/planner/settle.h"
#include "osctl/fleet/planner/timing.h"

namespace matic::fleet {
namespace {

class Deciding {
 public:
  Deciding(const Plan& plan, const RunState& state, WallTime now)
      : plan_(plan), state_(state), now_(now), capacity_(plan, state) {}

  Decision Run() {
    decision_.finished = state_.finished;
    if (state_.finished) return std::move(decision_);
    if (state_.paused) AddWait(WaitReason::kPause, std::nullopt, std::nullopt, "paused");
    if (!state_.paused && !stopped()) {
      WakeAt(state_.overdue ? LimitOf(plan_, state_) : OverdueAt(plan_, state_));
    }
    for (size_t group = 0; group < state_.groups.size(); ++group) OfGroup(group);
    for (const size_t machine : state_.active) OfMachine(machine);
    return std::move(decision_);
  }

 private:
  bool stopped() const { return state_.stop != StopCause::kNone; }

  void WakeAt(WallTime at) {
    if (!decision_.wake || at < *decision_.wake) decision_.wake = at;
  }

  void AddWait(WaitReason reason, std::optional<size_t> group, std::optional<WallTime> until,
               const std::string& why) {
    decision_.waits.push_back({reason, group, until, why});
    if (until) WakeAt(*until);
  }

  void OfGroup(size_t index) {
    const GroupRun& group = state_.groups[index];
    if (group.phase == GroupPhase::kPending) return OfPending(index);
    if (group.phase == GroupPhase::kSoak) {
      return AddWait(WaitReason::kSoak, index, group.since + plan_.groups[index].soak,
                     "watches its canaries");
    }
    const auto step = StepOf(group.phase);
    if (!step) return;
    if (group.begun) return WakeAt(DeadlineOf(plan_, *step, group.begun_at));
    if (state_.paused && *step == Step::kPreScript) return;
    BeginForGroup(index, *step);
  }

  // One group at a time; those that only wait for somebody or for their window hold up nobody.
  void OfPending(size_t index) {
    if (stopped() || !DependenciesHold(plan_, state_, index)) return;
    const PlannedGroup& planned = plan_.groups[index];
    if (planned.controller && !OthersEnded(state_, index)) return;
    if (MissesApproval(index)) {
      return AddWait(WaitReason::kApproval, index, std::nullopt, "waits for approval");
    }
    if (state_.paused || group_chosen_ || SomeGroupAtWork()) return;
    if (!planned.waves.empty() && !Open(index)) return;
    if (state_.group_stagger && now_ < *state_.group_stagger) {
      return AddWait(WaitReason::kStagger, index, state_.group_stagger,
                     "waits before the next group");
    }
    group_chosen_ = true;
    BeginForGroup(index, Step::kCheckHealth);
  }

  bool MissesApproval(size_t index) const {
    const PlannedGroup& planned = plan_.groups[index];
    return planned.needs_approval && !state_.groups[index].approved && !planned.waves.empty();
  }

  bool SomeGroupAtWork() const {
    const bool later = plan_.settings.reboots == RebootOrder::kAfterAll;
    return std::ranges::any_of(state_.groups, [later](const GroupRun& group) {
      return group.phase != GroupPhase::kPending && group.phase != GroupPhase::kEnded &&
             !(later && group.phase == GroupPhase::kClosing);
    });
  }

  // True while a group cannot be begun before somebody approves it, or one that it depends on.
  bool WaitsForPeople(size_t index) const {
    if (state_.groups[index].phase != GroupPhase::kPending) return false;
    const auto waits = [this](size_t need) { return WaitsForPeople(need); };
    return MissesApproval(index) || std::ranges::any_of(plan_.groups[index].dependencies, waits);
  }

  // Whether the reboots that come after all groups may begin.
  bool AllActivated() {
    if (all_activated_) return *all_activated_;
    all_activated_ = !state_.paused && !group_chosen_ && !SomeGroupAtWork();
    for (size_t i = 0; i < state_.groups.size() && *all_activated_; ++i) {
      const bool pending = state_.groups[i].phase == GroupPhase::kPending;
      if (pending && !plan_.groups[i].controller && !WaitsForPeople(i)) all_activated_ = false;
    }
    return *all_activated_;
  }

  void OfMachine(size_t index) {
    const MachineRun& machine = state_.machines[index];
    if (asked_first_ != machine.group) {
      asked_first_ = machine.group;
      earlier_first_ = false;
    }
    if (machine.begun) {
      earlier_first_ = earlier_first_ || ComesBeforeReboot(machine);
      return WakeAt(DeadlineOf(plan_, machine, machine.begun_at));
    }
    if (machine.doubt) {
      earlier_first_ = true;
      return BeginOnMachine(index, Step::kObserve);
    }
    switch (machine.phase) {
      case MachinePhase::kStaging:
        if (state_.paused) return;
        earlier_first_ = true;
        if (Open(machine.group)) BeginOnMachine(index, Step::kStage);
        return;
      case MachinePhase::kActivating:
        earlier_first_ = true;
        if (!capacity_.MayUpdate(machine.group) || !Open(machine.group)) return;
        return TakeDown(index, Step::kActivate);
      case MachinePhase::kRebooting:
        return OfReboot(index);
      case MachinePhase::kRollingBack:
        // One that failed is down already.
        if (machine.lost) return BeginOnMachine(index, Step::kRollBack);
        if (capacity_.MayRollBack(machine.group)) TakeDown(index, Step::kRollBack);
        return;
      case MachinePhase::kVerifying:
        return BeginOnMachine(index, Step::kVerify);
      case MachinePhase::kCancelling:
        return BeginOnMachine(index, Step::kCancel);
      case MachinePhase::kWaiting:
      case MachinePhase::kUpdated:
      case MachinePhase::kRebootPending:
      case MachinePhase::kRolledBack:
      case MachinePhase::kFailed:
      case MachinePhase::kSkipped:
      case MachinePhase::kNotReached:
        return;
    }
  }

  static bool ComesBeforeReboot(const MachineRun& machine) {
    return machine.doubt || machine.phase == MachinePhase::kStaging ||
           machine.phase == MachinePhase::kActivating;
  }

  void OfReboot(size_t index) {
    const MachineRun& machine = state_.machines[index];
    // In the listed order: one that is to reboot waits for all before it to have begun.
    if (earlier_first_) return;
    earlier_first_ = true;
    if (RebootsLater(plan_, machine)) {
      const auto& needs = plan_.groups[machine.group].dependencies;
      const auto well = [this](size_t need) { return EndedWell(state_.groups[need]); };
      if (!AllActivated() || !std::ranges::all_of(needs, well)) return;
    }
    // Nothing of this run came before it, so this is what starts it.
    if (state_.paused && !machine.changed) return;
    const bool place = plan_.work == Work::kRollBack ? capacity_.MayRollBack(machine.group)
                                                     : capacity_.MayUpdate(machine.group);
    if (!place || !Open(machine.group)) return;
    const auto stagger = plan_.settings.reboot_stagger;
    if (stagger.count() > 0) {
      if (reboot_chosen_) return;
      if (state_.last_reboot && now_ < *state_.last_reboot + stagger) {
        return AddWait(WaitReason::kRebootStagger, machine.group, *state_.last_reboot + stagger,
                       "waits before the next reboot");
      }
    }
    reboot_chosen_ = true;
    earlier_first_ = false;
    TakeDown(index, Step::kReboot);
  }

  // Whether something of the group may be begun now. Only asked for what is to be begun: where no
  // window comes any more, a Tick gives it up.
  bool Open(size_t group) {
    if (asked_opening_ == group) return opening_.open;
    asked_opening_ = group;
    const WallTime end = state_.paused ? WallTime::max() : LimitOf(plan_, state_);
    opening_ = FindOpening(plan_.groups[group], plan_.settings, now_, end);
    if (opening_.open) return true;
    if (opening_.at) {
      AddWait(WaitReason::kWindow, group, opening_.at, opening_.why);
    } else if (!state_.paused) {
      WakeAt(now_);
    }
    return false;
  }

  void TakeDown(size_t index, Step step) {
    capacity_.Take(state_.machines[index].group);
    BeginOnMachine(index, step);
  }

  void BeginOnMachine(size_t index, Step step) {
    const MachineRun& machine = state_.machines[index];
    Action action;
    action.begin = {step, plan_.machines[index].name, machine.group};
    action.deadline = DeadlineOf(plan_, machine, now_);
    decision_.actions.push_back(std::move(action));
  }

  void BeginForGroup(size_t index, Step step) {
    const PlannedGroup& planned = plan_.groups[index];
    Action action;
    action.begin = {step, "", index};
    action.deadline = DeadlineOf(plan_, step, now_);
    if (step == Step::kPreScript) action.script = planned.pre_script;
    if (step == Step::kPostScript) action.script = planned.post_script;
    if (step == Step::kRollbackScript) action.script = planned.rollback_script;
    if (step == Step::kCheckHealth) {
      const bool soaked = state_.groups[index].phase == GroupPhase::kSoakCheck;
      action.machines = soaked ? UpdatedCanaries(index) : planned.members;
    }
    decision_.actions.push_back(std::move(action));
  }

  std::vector<std::string> UpdatedCanaries(size_t group) const {
    std::vector<std::string> canaries;
    for (const Wave& wave : plan_.groups[group].waves) {
      if (!wave.canary) continue;
      for (const size_t index : wave.machines) {
        if (state_.machines[index].phase != MachinePhase::kUpdated) continue;
        canaries.push_back(plan_.machines[index].name);
      }
    }
    return canaries;
  }

  const Plan& plan_;
  const RunState& state_;
  const WallTime now_;
  Capacity capacity_;
  Decision decision_;
  bool group_chosen_ = false;   // to be begun now
  bool reboot_chosen_ = false;  // likewise
  std::optional<bool> all_activated_;
  std::optional<size_t> asked_first_;
  bool earlier_first_ = false;  // a machine of that group is to reboot, or get there, first
  std::optional<size_t> asked_opening_;
  Opening opening_;
};

}  // namespace

Decision Decide(const Plan& plan, const RunState& state, WallTime now) {
  return Deciding(plan, state, now).Run();
}

}  // namespace matic::fleet
