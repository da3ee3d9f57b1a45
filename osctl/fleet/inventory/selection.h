// Which machines a command is for: --group, --machine and --tag.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

// A machine is selected where each of the lists that are not empty names it (its group, itself, one
// of its tags).
struct Selection {
  std::vector<std::string> groups{};
  std::vector<std::string> machines{};
  std::vector<std::string> tags{};
  bool operator==(const Selection&) const = default;
};

// kInvalidArgument names what the inventory does not have.
Result<> CheckSelection(const Inventory& inventory, const Selection& selection);

// Those of `inventory`, which must outlive them, in its order. kInvalidArgument as above.
Result<std::vector<const Machine*>> SelectMachines(const Inventory& inventory,
                                                   const Selection& selection);

}  // namespace matic::fleet
