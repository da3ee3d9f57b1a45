// What events make of groups. Inside this folder only.
#pragma once

#include "osctl/fleet/planner/transitions.h"

namespace matic::fleet {

void OnGroupBegun(Change& run, size_t group, Step step);
void OnGroupDone(Change& run, const GroupDone& done);
// A deadline, a soak or the last window before the run's limit may have passed.
void OnGroupTick(Change& run, size_t group);

}  // namespace matic::fleet
