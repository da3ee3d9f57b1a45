// The metrics' names and meanings.
#pragma once

#include <vector>

#include "agent/metrics/snapshot.h"
#include "lib/exposition/family.h"

namespace matic::metrics {

// docs/reference/metrics.md lists what comes out of this. A family without a value now (nothing is
// known of the machine yet) is left out.
std::vector<exposition::Family> Families(const Snapshot& snapshot);

}  // namespace matic::metrics
