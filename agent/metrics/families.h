// The metrics' names and meanings. Inside this folder only, since prometheus-cpp's types show here.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "agent/metrics/snapshot.h"

namespace matic::metrics {

// docs/reference/metrics.md lists what comes out of this. A family without a value now (nothing is
// known of the machine yet) is left out.
std::vector<prometheus::MetricFamily> Families(const Snapshot& snapshot);

}  // namespace matic::metrics
