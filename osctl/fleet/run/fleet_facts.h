// What a fleet's machines say of themselves before a run is planned, and what their targets are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/os/clock.h"
#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/inventory.h"
#include "osctl/fleet/node/node.h"
#include "osctl/fleet/planner/facts.h"

namespace matic::fleet {

// What a run has pinned before.
struct Pin {
  PinnedTarget target{};
  std::string run{};
};

// Asks all machines, some at a time: what they say of themselves, without any target.
FleetFacts ReadFacts(const std::vector<const Machine*>& machines, Nodes& nodes, const Clock& clock);

// The same with targets; a machine that does not answer is asked twice. One of `pins`, by machine,
// is taken as it is. What a channel or another manifest names is told by the first machine of those
// that take it which can: that pins the digest, and each machine verifies the manifest itself.
// A flake of another place is pinned to its revision of now by this machine's nix, where it has
// one. An error names the target of the inventory that cannot be resolved: nothing was changed
// anywhere. A machine's own channel that it cannot read is its own matter: `no_target`.
Result<FleetFacts> GatherFacts(const Inventory& inventory,
                               const std::vector<const Machine*>& machines, Nodes& nodes,
                               ProcessRunner& processes, const Clock& clock,
                               const std::map<std::string, Pin>& pins = {});

}  // namespace matic::fleet
