// The metrics' names and meanings. Inside this folder only, since prometheus-cpp's types show here.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "osctl/fleet/metrics/snapshot.h"

namespace matic::fleet {

// docs/reference/fleet.md lists what comes out of this.
std::vector<prometheus::MetricFamily> Families(const Snapshot& snapshot);

}  // namespace matic::fleet
