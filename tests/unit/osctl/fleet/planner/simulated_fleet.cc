#include "tests/unit/osctl/fleet/planner/simulated_fleet.h"

#include <algorithm>

namespace matic::fleet {

using std::chrono::seconds;

SimulatedFleet::SimulatedFleet(const Plan& plan, Dice& dice, uint32_t one_fault_in) {
  for (size_t group = 0; group < plan.groups.size(); ++group) {
    unhealthy_groups[group] = dice.OneIn(one_fault_in * 3);
    unhealthy_canaries[group] = dice.OneIn(one_fault_in);
    for (const Step step : {Step::kPreScript, Step::kPostScript, Step::kRollbackScript}) {
      failing_scripts[{group, step}] = dice.OneIn(one_fault_in);
    }
  }
  for (const PlannedMachine& planned : plan.machines) {
    Machinery& machine = machines_[planned.name];
    machine.returns = planned.work == Work::kRestart || planned.work == Work::kRollBack;
    machine.pending = planned.work == Work::kReboot || machine.returns;
    machine.needs_reboot = dice.OneIn(2);
    machine.pace = seconds(1 + dice.UpTo(300));
    const uint32_t fault = 1 + dice.UpTo(kFaults - 2);
    if (dice.OneIn(one_fault_in)) machine.fault = static_cast<Fault>(fault);
  }
}

void SimulatedFleet::LeaveOneFault(const Plan& plan) {
  for (const PlannedGroup& group : plan.groups) {
    bool first = true;
    for (const Wave& wave : group.waves) {
      for (const size_t index : wave.machines) {
        Machinery& machine = machines_.at(plan.machines[index].name);
        if (!first) machine.fault = Fault::kNone;
        first = first && machine.fault == Fault::kNone;
      }
    }
  }
}

Event SimulatedFleet::Read(const std::string& name, const Machinery& machine, WallTime at) {
  Seen seen{.machine = name, .healthy = machine.healthy, .up_to_date = machine.target};
  seen.reboot_pending = machine.pending && !machine.returns;
  if (machine.staged) seen.under_way = UnderWay::kStaged;
  seen.version = machine.target ? "2" : "1";
  return {at, seen};
}

// What a step has made of a machine when it ends.
void SimulatedFleet::Finish(Machinery& machine) {
  const Step step = *machine.doing;
  machine.doing.reset();
  const auto run_target = [&machine] {
    machine.target = machine.fault != Fault::kFallsBack;
    machine.healthy = machine.fault != Fault::kUnhealthy && machine.fault != Fault::kStuck;
  };
  switch (step) {
    case Step::kStage:
      machine.staged = machine.fault != Fault::kStageFails;
      return;
    case Step::kActivate:
      if (machine.fault == Fault::kRefuses) return;
      machine.staged = false;
      machine.pending = machine.needs_reboot;
      if (!machine.needs_reboot) run_target();
      return;
    case Step::kReboot:
      if (machine.fault == Fault::kStaysPending) return;
      machine.pending = false;
      return run_target();
    case Step::kRollBack:
      machine.staged = machine.pending = false;
      if (machine.fault == Fault::kStuck) return;
      machine.target = false;
      machine.healthy = true;
      return;
    case Step::kVerify:
    case Step::kCancel:
    case Step::kObserve:
    case Step::kCheckHealth:
    case Step::kPreScript:
    case Step::kPostScript:
    case Step::kRollbackScript:
      return;
  }
}

void SimulatedFleet::Pass(Machinery& machine, WallTime now) {
  if (machine.doing && !machine.silent && now >= machine.until) Finish(machine);
}

void SimulatedFleet::Begin(Machinery& machine, Step step, WallTime now) {
  if (machine.doing) {
    if (machine.doing == step) return;  // it is waited for
    now = std::max(now, machine.until);
    if (!machine.silent) Finish(machine);
  }
  machine.doing = step;
  machine.until = now + machine.pace;
  machine.silent = machine.silent ||
                   (step == Step::kStage && machine.fault == Fault::kSilentStaging) ||
                   (step == Step::kActivate && machine.fault == Fault::kSilentActivating) ||
                   (step == Step::kReboot && machine.fault == Fault::kSilentRebooting);
  if (step == Step::kActivate) ++machine.activations;
  if (step == Step::kReboot) ++machine.reboots;
}

End SimulatedFleet::OnMachine(Machinery& machine, const Action& action, WallTime now) {
  const std::string& name = action.begin.machine;
  Pass(machine, now);
  switch (action.begin.step) {
    case Step::kStage:
      if (machine.fault == Fault::kOffline) return Event{now, Failed{name, "offline", true}};
      if (!machine.staged) Begin(machine, Step::kStage, now);
      break;
    case Step::kActivate:
      if (machine.staged || machine.doing) Begin(machine, Step::kActivate, now);
      break;
    case Step::kReboot:
      if (machine.pending) Begin(machine, Step::kReboot, now);
      break;
    case Step::kRollBack:
      Begin(machine, Step::kRollBack, now);
      break;
    case Step::kCancel:
      if (machine.doing == Step::kStage) machine.doing.reset();
      machine.staged = false;
      break;
    case Step::kObserve:
    case Step::kVerify:
    case Step::kCheckHealth:
    case Step::kPreScript:
    case Step::kPostScript:
    case Step::kRollbackScript:
      break;
  }
  if (machine.silent) return std::nullopt;
  // Read when it has ended: nothing else changes the machine before that.
  Machinery later = machine;
  if (later.doing) Finish(later);
  return Read(name, later, machine.doing ? machine.until : now + seconds(1));
}

End SimulatedFleet::OfGroup(const Action& action, WallTime now) const {
  const Begun& begun = action.begin;
  GroupDone done{.step = begun.step, .group = begun.group};
  if (begun.step == Step::kCheckHealth) {
    const bool soaked = std::ranges::any_of(action.machines, [this](const std::string& name) {
      return machines_.contains(name) && machines_.at(name).target;
    });
    const bool bad = (soaked ? unhealthy_canaries : unhealthy_groups).at(begun.group);
    if (bad && !action.machines.empty()) {
      done.ok = false;
      done.unhealthy = {action.machines.front()};
      done.why = action.machines.front() + " is not healthy";
    }
  } else if (failing_scripts.at({begun.group, begun.step})) {
    done.ok = false;
    done.why = "exit 1";
  }
  return Event{now + seconds(5), done};
}

End SimulatedFleet::Do(const Action& action, WallTime now) {
  if (action.begin.machine.empty()) return OfGroup(action, now);
  return OnMachine(machines_.at(action.begin.machine), action, now);
}

const Machinery& SimulatedFleet::At(const std::string& name, WallTime now) {
  Machinery& machine = machines_.at(name);
  Pass(machine, now);
  return machine;
}

bool SimulatedFleet::IsDown(const std::string& name, WallTime now) const {
  Machinery machine = machines_.at(name);
  Pass(machine, now);
  return !machine.healthy || (machine.doing && machine.doing != Step::kStage);
}

}  // namespace matic::fleet
