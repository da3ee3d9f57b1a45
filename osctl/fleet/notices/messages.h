// What people are told of a fleet's run, wherever they are.
#pragma once

#include "lib/notify/message.h"
#include "osctl/fleet/journal/journal.h"
#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

// The event has the name of the notice. What went wrong is an error, what waits for a person or
// went back a warning.
notify::Message MessageOf(const RunRecord& run, const RunState& state, const Notice& notice);

}  // namespace matic::fleet
