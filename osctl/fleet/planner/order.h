// In which order groups come. Inside this folder only.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/base/result.h"
#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

struct OrderedGroup {
  const Group* group;
  std::vector<const Group*> needs;  // all of them, also what its dependencies depend on
};

// Dependencies first, else as listed. kInvalidArgument names the circle, or the dependency that
// does not exist.
Result<std::vector<OrderedGroup>> OrderGroups(const std::vector<Group>& groups);

// The other way round: each group after all that depend on it, which it then needs.
std::vector<OrderedGroup> Reversed(const std::vector<OrderedGroup>& order);

}  // namespace matic::fleet
