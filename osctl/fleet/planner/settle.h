// How groups follow each other. Inside this folder only.
#pragma once

#include "osctl/fleet/planner/transitions.h"

namespace matic::fleet {

// To be called after each event: moves groups and waves on as far as their machines let them, and
// ends the run.
void Settle(Change& run);

// True where its reboot comes after all groups have been activated. Canaries reboot with their
// wave, since one that was not started says nothing.
bool RebootsLater(const Plan& plan, const MachineRun& machine);

bool EndedWell(const GroupRun& group);
// True where `group` may be begun as far as what it depends on goes.
bool DependenciesHold(const Plan& plan, const RunState& state, size_t group);
// True where all others have ended.
bool OthersEnded(const RunState& state, size_t group);

}  // namespace matic::fleet
