// What an update's state shows of itself in its schedule.
#pragma once

#include "agent/engine/schedule.h"
#include "agent/update/state.h"

namespace matic::engine {

// The schedule as people are to see it while its update is in `state`.
Schedule Showing(Schedule schedule, const update::UpdateState& state);

}  // namespace matic::engine
