// What a fleet's machines say of themselves before a run is planned, and what their targets are.
#pragma once

#include <vector>

#include "lib/os/clock.h"
#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/inventory.h"
#include "osctl/fleet/node/node.h"
#include "osctl/fleet/planner/facts.h"

namespace matic::fleet {

// Asks all machines, some at a time. A channel, and an image without a digest, is resolved by the
// first machine of those that take it which answers, and verified there; a flake of another place
// is pinned to its revision of now by this machine's nix, where it has one. An error names the
// target that cannot be resolved: nothing was changed anywhere.
Result<FleetFacts> GatherFacts(const Inventory& inventory,
                               const std::vector<const Machine*>& machines, Nodes& nodes,
                               ProcessRunner& processes, const Clock& clock);

}  // namespace matic::fleet
