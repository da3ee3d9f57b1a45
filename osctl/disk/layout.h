// How a new disk is divided: ESP, two slots of the same size, and the rest for the state partition
// (docs/formats.md, "Disk").
#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace matic::osctl {

inline constexpr uint64_t kMebibyte = uint64_t{1} << 20;
inline constexpr uint64_t kPartitionAlignment = kMebibyte;
// FAT32 at its smallest cluster needs 33 MiB; the rest leaves room for a second selector.
inline constexpr uint64_t kEspBytes = 64 * kMebibyte;
// ext4 with a journal does not get smaller.
inline constexpr uint64_t kSmallestStateBytes = 16 * kMebibyte;

struct DiskSizes {
  uint64_t disk = 0;
  uint64_t slot = 0;           // 0: half of what the state partition leaves
  uint64_t largest_image = 0;  // that a slot has to hold
};

struct DiskLayout {
  uint64_t slot = 0;   // of each of the two; a multiple of kPartitionAlignment
  uint64_t state = 0;  // at least; it gets all that is left
};

// kInvalidArgument, with the numbers, where something does not fit.
Result<DiskLayout> PlanDisk(const DiskSizes& sizes);

}  // namespace matic::osctl
