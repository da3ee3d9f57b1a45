// Whole disks in memory with a GUID partition table and images in their slots, as small as they can
// be, and damage done to them. Written without the code that is tested with it, but for checksums.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "boot/policy/gpt_copy.h"
#include "boot/policy/slot.h"

namespace matic::fakes {

using DiskBytes = std::vector<uint8_t>;

struct GptSlots {
  boot::SlotAttributes a;
  boot::SlotAttributes b;
};

class GptBuilder {
 public:
  explicit GptBuilder(uint32_t sector_bytes = 512, uint64_t disk_bytes = 1024 * 1024);

  // Entries in order, each right behind the one before it; `bytes` is rounded up to sectors. The
  // GUID is made of the partition's number unless given.
  GptBuilder& Add(std::string_view name, const boot::Guid& type, uint64_t bytes,
                  uint64_t attributes = 0, std::optional<boot::Guid> unique = std::nullopt);
  // esp, slot-a, slot-b and state, the slots with these attributes and bits 60 and 63.
  GptBuilder& AddStandard(const GptSlots& slots, uint64_t slot_bytes = 256 * 1024);

  const boot::DiskGeometry& geometry() const { return geometry_; }
  boot::Partition partition(std::string_view name) const;

  // The disk with both copies of the table, all else zero.
  DiskBytes Build() const;

 private:
  boot::DiskGeometry geometry_;
  uint64_t next_lba_;
  std::vector<boot::Partition> partitions_;
};

// A squashfs superblock, a section table and a section "uki" of `uki`, as formats.md has it. No
// mountable file system.
std::vector<uint8_t> SmallImage(std::string_view uki, uint64_t squashfs_bytes = 10000);

// Writes `bytes` at the start of a partition.
void PutAt(DiskBytes& disk, const boot::DiskGeometry& geometry, const boot::Partition& partition,
           const std::vector<uint8_t>& bytes);

// Where the parts of a built table are.
constexpr uint64_t kPrimaryHeaderLba = 1;
constexpr uint64_t kPrimaryEntriesLba = 2;
uint64_t EntriesSectors(const boot::DiskGeometry& geometry);
uint64_t BackupHeaderLba(const boot::DiskGeometry& geometry);
uint64_t BackupEntriesLba(const boot::DiskGeometry& geometry);

// Overwrites `bytes` at `offset` in a copy's header and mends its checksums, so that nothing but
// the value itself is wrong.
void PatchHeader(DiskBytes& disk, const boot::DiskGeometry& geometry, uint64_t header_lba,
                 size_t offset, const std::vector<uint8_t>& bytes);

// What a copy, read without any check, says of a slot.
boot::SlotAttributes SlotIn(const DiskBytes& disk, const boot::DiskGeometry& geometry,
                            boot::GptCopyKind kind, boot::Slot slot);

}  // namespace matic::fakes
