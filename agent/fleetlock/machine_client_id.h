// Who this machine is to a lock server that was not told otherwise.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic::fleetlock {

// 32 hex digits, made of the machine id (machine-id(5)) without giving it away. The same as
// Zincati's, so that servers that find the machine by it (to drain it, for instance) find ours:
// `systemd-id128 machine-id --app-specific=de35106b6ec24688b63afddaa156679b`.
Result<std::string> MachineClientId();

}  // namespace matic::fleetlock
