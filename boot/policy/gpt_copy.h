// One copy of a GPT (UEFI specification 2.10, section 5.3), validated on its own before a value in
// it is used, and changed in memory. Knows nothing of the other copy but where it has to be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "boot/policy/partition.h"

namespace matic::boot {

struct DiskGeometry {
  uint32_t sector_bytes = 0;  // 512 or 4096
  uint64_t sectors = 0;

  constexpr bool IsSupported() const {
    return (sector_bytes == 512 || sector_bytes == 4096) && sectors >= 8;
  }
  constexpr uint64_t last_lba() const { return sectors - 1; }
};

inline constexpr size_t kMaxSectorBytes = 4096;
// Four times what every tool writes (128 entries of 128 bytes). A larger table is refused.
inline constexpr size_t kMaxEntriesBytes = 64 * 1024;
inline constexpr size_t kMaxPartitions = 128;

enum class GptCopyKind : uint8_t { kPrimary, kBackup };

enum class GptError : uint8_t {
  kNone,
  kUnread,  // the device did not give it
  kSignature,
  kHeaderSize,
  kHeaderChecksum,
  kWrongPlace,   // its own LBA, or the other copy's, is not where it must be
  kUsableRange,  // the range for partitions is empty or not inside the disk
  kEntryLayout,  // size or number of entries
  kEntriesOutside,
  kEntriesChecksum,
  kPartitionOutside,
  kTooManyPartitions,
};
std::string_view DescribeGptError(GptError error);

// One write of a write list. They are carried out in order; where `flush` is set, the device's
// cache is flushed after it and before the next.
struct SectorWrite {
  uint64_t lba = 0;
  std::span<const uint8_t> bytes;  // whole sectors
  bool flush = false;
};
using TableWrites = std::array<SectorWrite, 2>;  // entries, then the header that vouches for them

class GptCopy {
 public:
  // Reading: fill header_sector() from `lba`, ParseHeader; fill entries() from entries_lba(),
  // ParseEntries. A failed parse leaves the copy invalid.
  std::span<uint8_t> header_sector(const DiskGeometry& disk);
  GptError ParseHeader(const DiskGeometry& disk, GptCopyKind kind, uint64_t lba);
  uint64_t entries_lba() const { return entries_lba_; }
  std::span<uint8_t> entries_sectors();
  GptError ParseEntries();

  void MarkUnread() { error_ = GptError::kUnread; }
  bool valid() const { return error_ == GptError::kNone; }
  GptError error() const { return error_; }
  uint64_t alternate_lba() const { return alternate_lba_; }
  std::span<const Partition> partitions() const { return std::span(partitions_).first(count_); }

  // Becomes the other copy of `source`, which is valid, with the same entries. Fails, and stays
  // invalid, where the free space of the disk has no room for it.
  bool RestoreFrom(const GptCopy& source);

  // Changes one entry's attributes in memory. `number` is one of partitions().
  void SetAttributes(uint32_t number, uint64_t attributes);

  // Whether there are changes that Writes() was not asked for yet.
  bool changed() const { return first_changed_ < end_changed_; }

  // What brings the changes to the disk. The entries are written first: until the header that
  // vouches for them follows, this copy is invalid and the other one counts. The spans stay good
  // until the copy is changed again.
  TableWrites Writes();

 private:
  GptError CheckPlace() const;
  GptError CheckLayout();
  GptError ParsePartitions();
  void MarkChanged(size_t first_byte, size_t end_byte);
  void Seal();

  DiskGeometry disk_;
  GptCopyKind kind_ = GptCopyKind::kPrimary;
  GptError error_ = GptError::kUnread;
  uint64_t my_lba_ = 0;
  uint64_t alternate_lba_ = 0;
  uint64_t first_usable_lba_ = 0;
  uint64_t last_usable_lba_ = 0;
  uint64_t entries_lba_ = 0;
  size_t entry_bytes_ = 0;
  size_t entry_count_ = 0;
  size_t header_bytes_ = 0;
  size_t first_changed_ = 0;  // bytes of entries_, whole sectors
  size_t end_changed_ = 0;
  size_t count_ = 0;
  std::array<Partition, kMaxPartitions> partitions_{};
  std::array<uint8_t, kMaxSectorBytes> header_{};
  std::array<uint8_t, kMaxEntriesBytes> entries_{};
};

}  // namespace matic::boot
