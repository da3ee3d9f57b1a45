// What to do with a state that was found at start.
#pragma once

#include "agent/update/transition.h"

namespace matic::update {

Step AfterStart(const UpdateState& state, const Facts& facts);

}  // namespace matic::update
