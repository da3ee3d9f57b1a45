// The units that systemd calls failed, so that an update is blamed for its own alone.
#pragma once

#include <set>
#include <stop_token>
#include <string>

#include "agent/nixos/programs.h"
#include "lib/base/result.h"

namespace matic::nixos {

using UnitNames = std::set<std::string>;

enum class Trouble {
  kFailed,
  kFailedOrRestarting,  // those too that systemd starts again after a while
};

// Units of the agent's own activations are none of them.
Result<UnitNames> ListUnits(const Programs& programs, Trouble trouble, std::stop_token stop);

// What switch-to-configuration says at its end: "warning: the following units failed: a.service,
// b.mount". Units of users are not among them.
UnitNames FailedUnitsIn(const std::string& output);

// "a.service, b.mount", the first eight of them.
std::string Join(const UnitNames& units);

}  // namespace matic::nixos
