// The lock that every switch-to-configuration holds while it runs.
#pragma once

#include <filesystem>

#include "lib/base/result.h"

namespace matic::nixos {

// kRefused names who holds the lock, such as a person's nixos-rebuild. The lock is looked up in
// /proc/locks and never taken, not even for a moment: a switch-to-configuration that starts just
// then would give up. No file is a lock that nobody holds.
Result<> CheckSwitchLock(const std::filesystem::path& lock);

}  // namespace matic::nixos
