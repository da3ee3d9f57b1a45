// One agent a state folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic {

// Makes the folder where it is not there, and holds it as long as the descriptor is open; others
// than root cannot change what is in it from then on. The lock is on the folder itself, so a
// read-only one is no obstacle. kRefused where another agent holds it, kPermission where it, or a
// folder above it, belongs to others.
Result<UniqueFd> LockState(const std::filesystem::path& folder);

// For a folder that was open to others once: what the agent keeps there and would believe, but
// which belongs to others or could be changed by them, is set aside (lib/os/durable_file.h), and so
// is what would keep a reader waiting, such as a pipe. Returns what is to be told of it. Only under
// the lock, before anything is read.
std::vector<std::string> SetForeignAside(const std::filesystem::path& state);

}  // namespace matic
