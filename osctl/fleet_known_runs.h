// Which runs the machines of a fleet know of, whoever carries them out.
#pragma once

#include <map>
#include <set>
#include <string>

#include "osctl/fleet_controller.h"

namespace matic::osctl {

struct KnownRuns {
  std::map<std::string, std::string> holding;  // runs that hold machines now, to whose they are
  std::set<std::string> seen;                  // those, those stopped, and the last of each machine
  bool all_answered = true;

  // "run-… (alice@controller)"; that none is known where there is none.
  std::string Text() const;
};

// Asks all machines of the fleet.
KnownRuns AskForRuns(FleetController& controller);

}  // namespace matic::osctl
