#include "osctl/disk/layout.h"

#include <algorithm>
#include <string>

namespace matic::osctl {
namespace {

constexpr uint64_t kSectorBytes = 512;
// The first and last mebibyte hold the two copies of the partition table.
constexpr uint64_t kTableBytes = 2 * kMebibyte;
constexpr uint64_t kFixedBytes = kTableBytes + kEspBytes;

constexpr uint64_t RoundUp(uint64_t bytes) {
  return (bytes + kPartitionAlignment - 1) / kPartitionAlignment * kPartitionAlignment;
}

constexpr uint64_t RoundDown(uint64_t bytes) {
  return bytes / kPartitionAlignment * kPartitionAlignment;
}

constexpr uint64_t kSmallestStateShare = 4 * kSmallestStateBytes;

// A quarter of the disk for what a node keeps, and no more than it is likely to fill.
constexpr uint64_t StateShare(uint64_t available) {
  return std::clamp(available / 4, kSmallestStateShare, 4096 * kMebibyte);
}

std::string Number(uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

tl::unexpected<Error> TooSmall(uint64_t disk, uint64_t slot, uint64_t state) {
  return Fail(ErrorCode::kInvalidArgument, "a disk of " + Number(disk) +
                                               " is too small: two slots of " + Number(slot) +
                                               ", the ESP and the state partition take at least " +
                                               Number(kFixedBytes + 2 * slot + state));
}

}  // namespace

Result<DiskLayout> PlanDisk(const DiskSizes& sizes) {
  if (sizes.disk % kSectorBytes != 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "a disk of " + Number(sizes.disk) + " does not end at a sector of 512 bytes");
  }
  const uint64_t needed = RoundUp(std::max(sizes.largest_image, kPartitionAlignment));
  const uint64_t disk = RoundDown(sizes.disk);
  DiskLayout layout;
  if (sizes.slot != 0) {
    // Beyond this the sums below could overflow; no slot is as large as its disk.
    if (sizes.slot > disk) {
      return TooSmall(sizes.disk, std::min(sizes.slot, UINT64_MAX / 4), kSmallestStateBytes);
    }
    layout.slot = RoundUp(sizes.slot);
  } else {
    const uint64_t available = disk > kFixedBytes ? disk - kFixedBytes : 0;
    const uint64_t state = StateShare(available);
    if (available < state + 2 * kPartitionAlignment) {
      return TooSmall(sizes.disk, needed, kSmallestStateShare);
    }
    layout.slot = RoundDown((available - state) / 2);
  }
  if (sizes.largest_image > layout.slot) {
    return Fail(ErrorCode::kInvalidArgument,
                "an image of " + Number(sizes.largest_image) + " does not fit into a slot of " +
                    Number(layout.slot) + " (the disk has " + Number(sizes.disk) +
                    "; --slot-size and --size change that)");
  }
  if (disk < kFixedBytes + 2 * layout.slot + kSmallestStateBytes) {
    return TooSmall(sizes.disk, layout.slot, kSmallestStateBytes);
  }
  layout.state = disk - kFixedBytes - 2 * layout.slot;
  return layout;
}

}  // namespace matic::osctl
