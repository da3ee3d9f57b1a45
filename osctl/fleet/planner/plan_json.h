// Plans as the journal stores them, so that a run goes on with the plan that it began with.
#pragma once

#include <string>
#include <string_view>

#include "osctl/fleet/planner/plan.h"

namespace matic::fleet {

// One line. What ParsePlan makes of it is equal to the plan, as far as its texts are UTF-8.
std::string ToJson(const Plan& plan);

// kCorrupt names the field. Fields beyond those known are passed over.
Result<Plan> ParsePlan(std::string_view json);

}  // namespace matic::fleet
