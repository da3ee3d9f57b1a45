#include "osctl/fleet/planner/outcome.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace matic::fleet {

RunOutcome OutcomeOf(const RunState& state) {
  if (!state.finished) return RunOutcome::kOpen;
  if (state.stop == StopCause::kAsked || state.stop == StopCause::kLimit) {
    return RunOutcome::kStopped;
  }
  const bool machines_well = std::ranges::none_of(state.machines, [](const MachineRun& machine) {
    return machine.phase == MachinePhase::kFailed || machine.phase == MachinePhase::kRolledBack;
  });
  const bool groups_well = std::ranges::all_of(
      state.groups, [](const GroupRun& group) { return group.end == GroupEnd::kWell; });
  const bool well = state.stop == StopCause::kNone && machines_well && groups_well;
  return well ? RunOutcome::kWell : RunOutcome::kFailed;
}

std::optional<WallTime> EndOf(const RunState& state) {
  const auto end = std::ranges::find(state.notices, NoticeKind::kRunFinished, &Notice::kind);
  if (end == state.notices.end()) return std::nullopt;
  return end->at;
}

std::vector<std::string> GroupsUpToDate(const Inventory& inventory, const Plan& plan,
                                        const RunState& state) {
  std::set<std::string> behind;
  for (const LeftOut& one : plan.left_out) {
    if (one.reason != LeftOutReason::kUpToDate) behind.insert(one.machine);
  }
  for (size_t i = 0; i < state.machines.size(); ++i) {
    if (state.machines[i].phase != MachinePhase::kUpdated) behind.insert(plan.machines[i].name);
  }
  std::map<std::string, std::set<std::string>> fresh;  // machines of groups
  std::set<std::string> bad;
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    const PlannedGroup& group = plan.groups[i];
    if (state.groups.at(i).end != GroupEnd::kWell) bad.insert(group.name);
    for (const std::string& machine : group.members) {
      if (!behind.contains(machine)) fresh[group.name].insert(machine);
    }
  }
  std::vector<std::string> groups;
  for (const Group& group : inventory.groups) {
    const bool all = std::ranges::all_of(group.machines, [&](const std::string& machine) {
      return fresh[group.name].contains(machine);
    });
    if (all && !group.machines.empty() && !bad.contains(group.name)) groups.push_back(group.name);
  }
  return groups;
}

std::string_view NameOf(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::kOpen:
      return "open";
    case RunOutcome::kWell:
      return "well";
    case RunOutcome::kFailed:
      return "failed";
    case RunOutcome::kStopped:
      break;
  }
  return "stopped";
}

}  // namespace matic::fleet
