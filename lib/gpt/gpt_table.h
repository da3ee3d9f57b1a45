// A disk's GUID partition table (UEFI specification 2.10, chapter 5) as a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "boot/policy/partition.h"
#include "boot/policy/slot.h"
#include "lib/base/result.h"

namespace matic::gpt {

enum class CopyState {
  kValid,
  kInvalid,    // absent, out of bounds or a wrong checksum
  kDifferent,  // valid, but says something else than the primary, or the two do not name each other
  kMisplaced,  // a valid backup that is not at the last LBA: the disk grew
};

struct GptTable {
  std::string device;  // for messages: "/dev/vda", or a file
  boot::Guid disk_guid;
  uint32_t sector_size = 512;
  uint64_t size_bytes = 0;                  // of the disk
  std::vector<boot::Partition> partitions;  // the used entries, in their order
  // What is said above is the primary's; the backup's where the primary is not valid.
  CopyState primary = CopyState::kValid;
  CopyState backup = CopyState::kValid;
  // Sector 0 says that the disk has a GPT: firmware looks at none without it.
  bool has_protective_mbr = true;

  // Whether the table may be changed as it is, without a repair first.
  bool IsWhole() const {
    return primary == CopyState::kValid && backup == CopyState::kValid && has_protective_mbr;
  }

  uint64_t StartBytes(const boot::Partition& partition) const {
    return partition.first_lba * sector_size;
  }
  uint64_t SizeBytes(const boot::Partition& partition) const {
    return partition.sectors() * sector_size;
  }
};

// The partition that is `slot`, by the selector's own lookup. kNotFound where it is missing;
// kCorrupt where two partitions could be meant.
Result<boot::Partition> FindSlot(const GptTable& table, boot::Slot slot,
                                 const boot::Guid& root_type = boot::kRootType);

// UTF-8.
std::string PartitionName(const boot::Partition& partition);
// "2F0D…-…", upper case.
std::string GuidToText(const boot::Guid& guid);

}  // namespace matic::gpt
