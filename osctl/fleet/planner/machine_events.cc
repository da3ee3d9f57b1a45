#include "osctl/fleet/planner/machine_events.h"

#include "osctl/fleet/planner/timing.h"

namespace matic::fleet {
namespace {

// Where a machine goes on from, by what it said of itself after its step, or where it was read
// again after a controller had died in the middle of it.
class Going {
 public:
  Going(Change& run, size_t index, const Seen& seen)
      : run_(run), index_(index), seen_(seen), reread_(run.state.machines[index].doubt) {}

  void On() {
    if (reread_) machine().spent = std::chrono::seconds(0);
    switch (machine().phase) {
      case MachinePhase::kStaging:
        return FromStaging();
      case MachinePhase::kActivating:
        return FromActivating();
      case MachinePhase::kRebooting:
        return FromRebooting();
      case MachinePhase::kVerifying:
        return FromVerifying();
      case MachinePhase::kRollingBack:
        return FromRollingBack();
      case MachinePhase::kCancelling:
        return FromCancelling();
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

 private:
  MachineRun& machine() { return run_.state.machines[index_]; }
  Work work() const { return run_.plan.machines[index_].work; }
  void To(MachinePhase next) { SetPhase(run_, index_, next); }
  // The step was not begun, or to no end.
  void Again() { To(machine().phase); }

  void Fail(const char* why) {
    FailMachine(run_, index_, seen_.problem.empty() ? why : seen_.problem, &seen_);
  }

  // True where the target runs, or would after a reboot.
  bool GoOnIfActivated() {
    if (seen_.up_to_date) {
      To(MachinePhase::kVerifying);
    } else if (seen_.reboot_pending) {
      const bool reboots = run_.plan.groups[machine().group].allow_reboot;
      To(reboots ? MachinePhase::kRebooting : MachinePhase::kRebootPending);
    } else {
      return false;
    }
    return true;
  }

  void FromStaging() {
    if (work() == Work::kPrepare && (seen_.up_to_date || seen_.under_way == UnderWay::kStaged)) {
      return To(MachinePhase::kUpdated);
    }
    if (GoOnIfActivated()) return;
    if (seen_.under_way == UnderWay::kStaged) return To(MachinePhase::kActivating);
    if (reread_) return Again();
    Fail("nothing is staged on it");
  }

  void FromActivating() {
    if (GoOnIfActivated()) return;
    if (reread_ && seen_.under_way == UnderWay::kStaged) {
      machine().changed = false;
      return Again();
    }
    Fail("it does not run its target after the activation");
  }

  void FromRebooting() {
    if (seen_.up_to_date) return To(MachinePhase::kVerifying);
    const bool waits = seen_.reboot_pending || !CanBeTakenBack(work());
    if (waits && reread_) return Again();
    if (work() == Work::kRollBack) return Fail("it still runs what it was to leave");
    Fail(waits ? "it still waits for its reboot" : "it did not start its target");
  }

  void FromVerifying() {
    const bool settled =
        seen_.under_way != UnderWay::kOnTrial && seen_.under_way != UnderWay::kRollingBack;
    if (seen_.up_to_date && seen_.healthy && settled) return To(MachinePhase::kUpdated);
    Fail(!seen_.up_to_date ? "it does not run its target"
         : seen_.healthy   ? "it still runs its target on trial"
                           : "it runs what it is to run, and is not healthy");
  }

  void FromRollingBack() {
    if (RunsOld(seen_)) return To(MachinePhase::kRolledBack);
    if (reread_) return Again();
    Fail("it does not run what it ran before, or is not healthy");
  }

  void FromCancelling() {
    if (seen_.under_way != UnderWay::kStaged) return To(MachinePhase::kNotReached);
    if (reread_) return Again();
    Fail("it is staged still");
  }

  Change& run_;
  const size_t index_;
  const Seen& seen_;
  const bool reread_;
};

}  // namespace

void OnMachineBegun(Change& run, size_t index, Step step) {
  MachineRun& machine = run.state.machines[index];
  const auto due = machine.doubt ? Step::kObserve : StepOf(machine.phase);
  if (machine.begun || step != due) return;
  machine.begun = true;
  machine.begun_at = run.at;
  if (step == Step::kActivate || step == Step::kReboot) machine.changed = true;
  if (step == Step::kReboot) run.state.last_reboot = run.at;
}

void OnSeen(Change& run, size_t index, const Seen& seen) {
  MachineRun& machine = run.state.machines[index];
  if (!machine.begun) return;
  machine.version = seen.version;
  Going(run, index, seen).On();
}

void OnFailed(Change& run, size_t index, const Failed& failed) {
  MachineRun& machine = run.state.machines[index];
  if (!machine.begun) return;
  // One whose work begins with its reboot is not changed before that.
  const bool first =
      machine.phase == MachinePhase::kStaging ||
      (machine.phase == MachinePhase::kRebooting && run.plan.machines[index].work != Work::kUpdate);
  if (failed.unreachable && first && !machine.doubt) {
    machine.changed = false;
    if (run.plan.settings.skip_offline) {
      machine.reason = failed.why;
      return SetPhase(run, index, MachinePhase::kSkipped);
    }
  }
  FailMachine(run, index, failed.why, nullptr);
}

void OnMachineTakenUp(Change& run, size_t index) {
  MachineRun& machine = run.state.machines[index];
  if (!machine.begun) return;
  machine.begun = false;
  // Verifying reads the machine anyway.
  if (machine.phase != MachinePhase::kVerifying) machine.doubt = true;
}

void OnMachineTick(Change& run, size_t index) {
  const MachineRun& machine = run.state.machines[index];
  const auto step = StepOf(machine.phase);
  if (!step || !machine.begun) return;
  if (run.at < DeadlineOf(run.plan, machine, machine.begun_at)) return;
  FailMachine(run, index, std::string(NameOf(*step)) + ": not done within its deadline", nullptr);
}

}  // namespace matic::fleet
