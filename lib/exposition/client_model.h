// Families as prometheus-cpp has them. Inside this folder only.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "lib/exposition/family.h"

namespace matic::exposition {

std::vector<::prometheus::MetricFamily> ClientModel(const std::vector<Family>& families);

}  // namespace matic::exposition
