#include "osctl/fleet/inventory/selection.h"

#include <algorithm>
#include <set>

namespace matic::fleet {

Result<> CheckSelection(const Inventory& inventory, const Selection& selection) {
  for (const std::string& name : selection.groups) {
    if (inventory.FindGroup(name) == nullptr) {
      return Fail(ErrorCode::kInvalidArgument, "the inventory has no group '" + name + "'");
    }
  }
  for (const std::string& name : selection.machines) {
    if (inventory.FindMachine(name) == nullptr) {
      return Fail(ErrorCode::kInvalidArgument, "the inventory has no machine '" + name + "'");
    }
  }
  std::set<std::string> tags;
  for (const Machine& machine : inventory.machines) {
    tags.insert(machine.tags.begin(), machine.tags.end());
  }
  for (const std::string& tag : selection.tags) {
    if (!tags.contains(tag)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "no machine of the inventory has the tag '" + tag + "'");
    }
  }
  return {};
}

Result<std::vector<const Machine*>> SelectMachines(const Inventory& inventory,
                                                   const Selection& selection) {
  MATIC_TRY(CheckSelection(inventory, selection));
  const std::set<std::string> names(selection.machines.begin(), selection.machines.end());
  const std::set<std::string> tags(selection.tags.begin(), selection.tags.end());
  std::set<std::string> members;
  for (const std::string& name : selection.groups) {
    const auto& listed = inventory.FindGroup(name)->machines;
    members.insert(listed.begin(), listed.end());
  }
  std::vector<const Machine*> selected;
  for (const Machine& machine : inventory.machines) {
    const auto wanted = [&tags](const std::string& tag) { return tags.contains(tag); };
    if ((selection.groups.empty() || members.contains(machine.name)) &&
        (names.empty() || names.contains(machine.name)) &&
        (tags.empty() || std::ranges::any_of(machine.tags, wanted))) {
      selected.push_back(&machine);
    }
  }
  return selected;
}

}  // namespace matic::fleet
