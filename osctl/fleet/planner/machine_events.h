// What events make of machines. Inside this folder only.
#pragma once

#include "osctl/fleet/planner/transitions.h"

namespace matic::fleet {

void OnMachineBegun(Change& run, size_t machine, Step step);
void OnSeen(Change& run, size_t machine, const Seen& seen);
void OnFailed(Change& run, size_t machine, const Failed& failed);
// Its step was begun by a controller that is gone.
void OnMachineTakenUp(Change& run, size_t machine);
// Its deadline may have passed.
void OnMachineTick(Change& run, size_t machine);

}  // namespace matic::fleet
