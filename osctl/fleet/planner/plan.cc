#include "osctl/fleet/planner/plan.h"

#include <algorithm>
#include <map>

#include "osctl/fleet/planner/order.h"

namespace matic::fleet {
namespace {

std::string_view TellUnderWay(UnderWay what) {
  switch (what) {
    case UnderWay::kNothing:
      return "";
    case UnderWay::kStaging:
      return "its agent is staging an update";
    case UnderWay::kStaged:
      return "its agent has staged an update";
    case UnderWay::kActivating:
      return "its agent is activating an update";
    case UnderWay::kOnTrial:
      return "it runs a system on trial";
    case UnderWay::kRollingBack:
      return "its agent is rolling back";
  }
  return "";
}

bool Has(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

uint32_t LimitOf(const FailureLimit& limit, size_t machines) {
  if (!limit.percent) return limit.value;
  return static_cast<uint32_t>(machines * std::min<uint32_t>(limit.value, 100) / 100);
}

class Planning {
 public:
  Planning(const Inventory& inventory, const Selection& selection, const FleetFacts& facts,
           const Task& task)
      : inventory_(inventory), selection_(selection), facts_(facts), task_(task) {
    for (const Machine& machine : inventory.machines) machines_[machine.name] = &machine;
    plan_.fleet = inventory.name;
    plan_.work = task.work;
    plan_.settings = inventory.settings;
    FitRules(task, plan_.settings);
  }

  Result<Plan> Run() {
    MATIC_TRY(CheckSelection(inventory_, selection_));
    MATIC_ASSIGN(auto order, OrderGroups(inventory_.groups));
    if (task_.work == Work::kRollBack) order = Reversed(order);
    for (const OrderedGroup& ordered : order) {
      if (!selection_.groups.empty() && !Has(selection_.groups, ordered.group->name)) continue;
      MATIC_TRY(AddGroup(ordered));
    }
    if (controller_) plan_.groups.push_back(ControllersGroup());
    TellUngrouped();
    return std::move(plan_);
  }

 private:
  bool Selects(const Machine& machine) const {
    const auto tagged = [&machine](const std::string& tag) { return Has(machine.tags, tag); };
    return (selection_.machines.empty() || Has(selection_.machines, machine.name)) &&
           (selection_.tags.empty() || std::ranges::any_of(selection_.tags, tagged));
  }

  // Only those that can be asked say who holds them, and only those of this run matter.
  static Result<> CheckHolder(const Machine& machine, const MachineFacts& facts) {
    if (facts.held_by.empty()) return {};
    return Fail(ErrorCode::kRefused, "machine '" + machine.name +
                                         "' is held by another controller (" + facts.held_by +
                                         "): wait until its run has ended, or stop it");
  }

  Result<> AddGroup(const OrderedGroup& ordered) {
    const Group& group = *ordered.group;
    PlannedGroup planned = RulesOf(group);
    for (const Group* need : ordered.needs) {
      if (const auto it = index_.find(need); it != index_.end()) {
        planned.dependencies.push_back(it->second);
      }
    }
    std::vector<size_t> todo;
    size_t selected = 0;
    std::optional<PlannedMachine> controller;
    for (const std::string& name : group.machines) {
      const auto found = machines_.find(name);
      if (found == machines_.end() || !Selects(*found->second)) continue;
      if (!grouped_.emplace(name, group.name).second) return InTwoGroups(name, group.name);
      ++selected;
      MATIC_ASSIGN(auto machine, Consider(*found->second, group, planned));
      if (!machine) continue;
      if (found->second->self) {
        controller = std::move(*machine);
      } else {
        todo.push_back(plan_.machines.size());
        plan_.machines.push_back(std::move(*machine));
      }
    }
    if (selected == 0) return {};
    planned.max_failures = LimitOf(group.max_failures, selected);
    planned.failures_before = FailuresBefore(group.name);
    FitRules(task_, planned);
    planned.waves = WavesOf(group, planned.parallel, todo);
    index_[&group] = plan_.groups.size();
    plan_.groups.push_back(std::move(planned));
    if (controller) {
      controller_ = std::move(controller);
      controllers_ = plan_.groups.size() - 1;
    }
    return {};
  }

  uint32_t FailuresBefore(const std::string& group) const {
    const auto failed = std::ranges::count_if(plan_.left_out, [&](const LeftOut& left) {
      return left.group == group && IsFailure(left.reason);
    });
    return static_cast<uint32_t>(failed);
  }

  PlannedGroup RulesOf(const Group& group) const {
    const uint32_t most = std::max<uint32_t>(1, inventory_.settings.max_parallel);
    PlannedGroup planned;
    planned.name = group.name;
    planned.parallel = std::clamp<uint32_t>(group.parallel.value_or(most), 1, most);
    planned.needs_approval = group.policy == UpdatePolicy::kManualApproval;
    planned.allow_reboot = group.allow_reboot;
    planned.windows = group.windows;
    planned.timezone = group.timezone;
    planned.soak = group.policy == UpdatePolicy::kAggressive ? std::chrono::seconds(0) : group.soak;
    planned.stagger = group.stagger;
    planned.pre_script = group.pre_script;
    planned.post_script = group.post_script;
    planned.rollback_script = group.rollback_script;
    return planned;
  }

  // What there is to do on a machine; nothing where it is left out.
  Result<std::optional<PlannedMachine>> Consider(const Machine& machine, const Group& group,
                                                 PlannedGroup& planned) {
    const auto known = facts_.find(machine.name);
    const MachineFacts facts = known == facts_.end() ? MachineFacts{} : known->second;
    if (!facts.reachable) {
      const bool skip = inventory_.settings.skip_offline;
      LeaveOut(machine, group.name, skip ? LeftOutReason::kOffline : LeftOutReason::kUnreachable,
               facts.problem);
      return std::nullopt;
    }
    MATIC_TRY(CheckHolder(machine, facts));
    if (AsksForHealth(task_.work)) planned.members.push_back(machine.name);
    if (AsksForHealth(task_.work) && !facts.healthy && planned.skip.empty()) {
      planned.skip = "machine '" + machine.name + "' is not healthy";
      if (!facts.problem.empty()) planned.skip += ": " + facts.problem;
    }
    PlannedMachine planned_machine{.name = machine.name,
                                   .target = facts.target,
                                   .work = task_.work,
                                   .note = std::string(TellUnderWay(facts.under_way))};
    const bool todo = task_.work == Work::kUpdate || task_.work == Work::kPrepare
                          ? ConsiderUpdate(machine, group, facts, planned_machine)
                          : ConsiderReturn(machine, group, facts, planned_machine);
    if (!todo) return std::nullopt;
    return planned_machine;
  }

  // False where it is left out.
  bool ConsiderUpdate(const Machine& machine, const Group& group, const MachineFacts& facts,
                      PlannedMachine& planned) {
    if (!facts.no_target.empty() && !task_.prepared_only) {
      LeaveOut(machine, group.name, LeftOutReason::kNoTarget, facts.no_target);
      return false;
    }
    if (facts.up_to_date) {
      LeaveOut(machine, group.name, LeftOutReason::kUpToDate, facts.version);
      return false;
    }
    planned.staged = facts.staged;
    if (task_.prepared_only && facts.staged.empty()) {
      LeaveOut(machine, group.name, LeftOutReason::kNotPrepared, "");
      return false;
    }
    if (task_.work == Work::kPrepare || !facts.reboot_pending) return true;
    if (!group.allow_reboot) {
      LeaveOut(machine, group.name, LeftOutReason::kRebootPending, facts.target.version);
    }
    planned.work = Work::kReboot;
    return group.allow_reboot;
  }

  // Likewise, of a reboot or a rollback, which may take one.
  bool ConsiderReturn(const Machine& machine, const Group& group, const MachineFacts& facts,
                      PlannedMachine& planned) {
    const bool back = task_.work == Work::kRollBack;
    if (back && task_.generation != 0 && facts.generation == task_.generation) {
      LeaveOut(machine, group.name, LeftOutReason::kUpToDate,
               "generation " + std::to_string(task_.generation));
      return false;
    }
    if (!group.allow_reboot && !task_.immediate) {
      LeaveOut(machine, group.name, LeftOutReason::kNoReboot,
               back ? "--immediate goes back all the same" : "");
      return false;
    }
    planned.before = back ? facts.system : facts.boot_id;
    planned.generation = task_.generation;
    return true;
  }

  Result<> InTwoGroups(const std::string& machine, const std::string& group) const {
    return Fail(ErrorCode::kInvalidArgument,
                "machine '" + machine + "' is in groups '" + grouped_.at(machine) + "' and '" +
                    group +
                    "', which may not agree on it: take it out of one, or select one group");
  }

  // What runs already, or ran, needs no canaries.
  std::vector<Wave> WavesOf(const Group& group, uint32_t parallel,
                            const std::vector<size_t>& machines) const {
    const bool tries = task_.work == Work::kUpdate && group.policy != UpdatePolicy::kAggressive;
    const size_t canaries = tries ? std::min<size_t>(group.canaries, machines.size()) : 0;
    std::vector<Wave> waves;
    if (task_.immediate && !machines.empty()) return {{.canary = false, .machines = machines}};
    for (size_t i = 0; i < machines.size();) {
      const bool canary = i < canaries;
      const size_t end = std::min<size_t>(i + parallel, canary ? canaries : machines.size());
      Wave wave{.canary = canary, .machines = {}};
      for (; i < end; ++i) wave.machines.push_back(machines[i]);
      waves.push_back(std::move(wave));
    }
    return waves;
  }

  PlannedGroup ControllersGroup() {
    PlannedGroup group = plan_.groups[controllers_];
    group.controller = true;
    group.dependencies.push_back(controllers_);
    group.waves = {Wave{.canary = false, .machines = {plan_.machines.size()}}};
    if (AsksForHealth(task_.work)) group.members = {controller_->name};
    group.failures_before = 0;
    group.parallel = 1;
    if (!plan_.groups[controllers_].waves.empty()) {
      // They are run with the others of its group.
      group.pre_script.clear();
      group.post_script.clear();
    }
    plan_.machines.push_back(std::move(*controller_));
    return group;
  }

  void TellUngrouped() {
    if (!selection_.groups.empty()) return;
    for (const Machine& machine : inventory_.machines) {
      if (Selects(machine) && !grouped_.contains(machine.name)) {
        LeaveOut(machine, "", LeftOutReason::kNoGroup, "");
      }
    }
  }

  void LeaveOut(const Machine& machine, const std::string& group, LeftOutReason reason,
                const std::string& detail) {
    plan_.left_out.push_back({machine.name, group, reason, detail});
  }

  const Inventory& inventory_;
  const Selection& selection_;
  const FleetFacts& facts_;
  const Task task_;
  std::map<std::string, const Machine*> machines_;
  std::map<const Group*, size_t> index_;        // in the plan
  std::map<std::string, std::string> grouped_;  // machine to group
  std::optional<PlannedMachine> controller_;
  size_t controllers_ = 0;  // index of its group
  Plan plan_;
};

}  // namespace

Result<Plan> MakePlan(const Inventory& inventory, const Selection& selection,
                      const FleetFacts& facts, const Task& task) {
  return Planning(inventory, selection, facts, task).Run();
}

std::string_view NameOf(LeftOutReason reason) {
  switch (reason) {
    case LeftOutReason::kUpToDate:
      return "up to date";
    case LeftOutReason::kOffline:
      return "offline, skipped";
    case LeftOutReason::kUnreachable:
      return "cannot be reached";
    case LeftOutReason::kNoTarget:
      return "no target";
    case LeftOutReason::kRebootPending:
      return "reboot pending";
    case LeftOutReason::kNoReboot:
      return "its group allows no reboot";
    case LeftOutReason::kNotPrepared:
      return "not prepared";
    case LeftOutReason::kNoGroup:
      return "in no group";
  }
  return "";
}

bool IsFailure(LeftOutReason reason) {
  return reason == LeftOutReason::kUnreachable || reason == LeftOutReason::kNoTarget;
}

}  // namespace matic::fleet
