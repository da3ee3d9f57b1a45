// Whether groups depend on themselves.
#pragma once

#include <string>
#include <vector>

#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

// The names of groups of which each depends on the next and the last on the first; none where there
// is no such circle. Dependencies on groups that are not there are passed by.
std::vector<std::string> FindCircle(const std::vector<Group>& groups);
// "a → b → a", for people.
std::string CircleText(const std::vector<std::string>& circle);

}  // namespace matic::fleet
