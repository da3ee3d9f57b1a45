// What may be written in fleet.yaml, and may be a mistake all the same. Inside this folder only.
#pragma once

#include <string>
#include <vector>

#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

std::vector<std::string> NotesOn(const Inventory& inventory);

}  // namespace matic::fleet
