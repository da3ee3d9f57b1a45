// One writer of a disk's partition table at a time.
#pragma once

#include <chrono>
#include <filesystem>

#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic::gpt {

inline constexpr std::chrono::seconds kDiskLockPatience{30};

// Opens `disk` for reading and writing and takes flock(LOCK_EX) on it, the lock that udev and
// systemd's tools respect (https://systemd.io/BLOCK_DEVICE_LOCKING). It holds until the descriptor
// is closed. kUnavailable where another program keeps it longer than `patience`.
Result<UniqueFd> OpenLocked(const std::filesystem::path& disk,
                            std::chrono::milliseconds patience = kDiskLockPatience);

}  // namespace matic::gpt
