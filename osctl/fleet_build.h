// Systems of Nix hosts that the controller builds and copies to them, so that small machines build
// nothing.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "osctl/fleet/run/fleet_facts.h"
#include "osctl/fleet_controller.h"

namespace matic::osctl {

struct BuildOptions {
  bool here = false;
  bool update_inputs = false;  // of flakes in a folder of this machine, once, before they are built
};

// Builds the configuration of each of the machines that has a flake for its target, and copies it
// to those that are reached through ssh; the controller's own store needs no copy. What comes back
// is what they are to run, by machine. Machines with other targets are left as they are.
//   kInvalidArgument  a machine with a flake is reached in no way that a system can be copied by
// Links to what was built are kept beside the journal, so that no garbage collection takes it.
Result<std::map<std::string, fleet::Pin>> BuildHere(FleetController& controller,
                                                    const fleet::Selection& selection,
                                                    const BuildOptions& options);

}  // namespace matic::osctl
