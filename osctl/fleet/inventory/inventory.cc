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

}  // namespace matic::fleet
