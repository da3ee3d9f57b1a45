// How long things may take in a run. Inside this folder only.
#pragma once

#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

// When the run may begin nothing any more. Only while it is not paused.
WallTime LimitOf(const Plan& plan, const RunState& state);
// When people are told that it takes long.
WallTime OverdueAt(const Plan& plan, const RunState& state);

// When a step counts as failed that is begun at `begun`: of the phase (or the doubt) that the
// machine is in, of the phase that the group is in.
WallTime DeadlineOf(const Plan& plan, const MachineRun& machine, WallTime begun);
WallTime DeadlineOf(const Plan& plan, Step step, WallTime begun);

}  // namespace matic::fleet
