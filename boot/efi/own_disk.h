// The disk that the selector was started from; no other one is looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "boot/efi/firmware.h"
#include "boot/policy/gpt_copy.h"

namespace matic::boot {

class OwnDisk {
 public:
  // The parent of the partition that the selector's image came from. Nothing where it did not come
  // from a partition of a disk, or there is no memory.
  static std::optional<OwnDisk> Find(const Firmware& firmware);

  DiskGeometry geometry() const;
  bool Read(uint64_t lba, std::span<uint8_t> into);
  bool Write(uint64_t lba, std::span<const uint8_t> bytes);
  // All that was written, by whomever. A SATA disk's cache is flushed past the firmware's own
  // driver, which may do nothing (ata_cache.h).
  bool Flush();

  // The firmware's handle for a partition of this disk; null where it made none.
  EFI_HANDLE PartitionHandle(const Partition& partition) const;

 private:
  OwnDisk(const Firmware& firmware, EFI_BLOCK_IO_PROTOCOL& device,
          std::span<const uint8_t> path_nodes, Pages bounce)
      : firmware_(firmware),
        device_(device),
        path_nodes_(path_nodes),
        bounce_(static_cast<Pages&&>(bounce)) {}

  bool IsAligned(const void* address) const;
  bool Contains(uint64_t lba, size_t bytes) const;

  const Firmware& firmware_;
  EFI_BLOCK_IO_PROTOCOL& device_;
  std::span<const uint8_t> path_nodes_;
  Pages bounce_;  // for memory that is not aligned as the device wants it
};

}  // namespace matic::boot
