// The metrics' names and meanings.
#pragma once

#include <vector>

#include "lib/exposition/family.h"
#include "osctl/fleet/metrics/snapshot.h"

namespace matic::fleet {

// docs/reference/fleet.md lists what comes out of this.
std::vector<exposition::Family> Families(const Snapshot& snapshot);

}  // namespace matic::fleet
