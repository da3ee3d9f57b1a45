// What to do with a state that was found at start.
#pragma once

#include "agent/update/transition.h"

namespace matic::update {

Step AfterStart(const UpdateState& state, const Facts& facts);

// The end of a trial whose target runs and was marked successful; `unhealthy` says why its checks
// had failed all the same.
Outcome ConfirmedOutcome(const Trial& trial, const std::string& unhealthy);

}  // namespace matic::update
