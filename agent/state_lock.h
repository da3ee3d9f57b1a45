// One agent a state folder.
#pragma once

#include <filesystem>

#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic {

// Makes the folder where it is not there, and holds it as long as the descriptor is open; others
// than root cannot change what is in it from then on. The lock is on the folder itself, so a
// read-only one is no obstacle. kRefused where another agent holds it, kPermission where it, or a
// folder above it, belongs to others.
Result<UniqueFd> LockState(const std::filesystem::path& folder);

}  // namespace matic
