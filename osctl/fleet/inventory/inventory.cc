#include "osctl/fleet/inventory/inventory.h"

#include <algorithm>

namespace matic::fleet {

const Machine* Inventory::FindMachine(const std::string& wanted) const {
  const auto it = std::ranges::find(machines, wanted, &Machine::name);
  return it == machines.end() ? nullptr : &*it;
}

const Group* Inventory::FindGroup(const std::string& wanted) const {
  const auto it = std::ranges::find(groups, wanted, &Group::name);
  return it == groups.end() ? nullptr : &*it;
}

bool IsManifestUrl(std::string_view url) {
  return url.substr(0, url.find_first_of("?#")).ends_with(".json");
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Target TargetOf(const Machine& machine, const Group& group) {
  const bool own = !std::holds_alternative<std::monostate>(machine.target);
  Target target = own ? machine.target : group.target;
  if (auto* flake = std::get_if<FlakeTarget>(&target)) {
    if (flake->flake.find('#') == std::string::npos) flake->flake += "#" + machine.name;
  }
  return target;
}

Target TargetIn(const Inventory& inventory, const Machine& machine) {
  for (const Group& group : inventory.groups) {
    if (std::ranges::find(group.machines, machine.name) != group.machines.end()) {
      return TargetOf(machine, group);
    }
  }
  return machine.target;
}

}  // namespace matic::fleet
