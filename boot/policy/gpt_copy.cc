#include "boot/policy/gpt_copy.h"

#include <algorithm>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"

namespace matic::boot {
namespace {

// Header fields.
constexpr std::string_view kSignature = "EFI PART";
constexpr uint32_t kRevision = 0x00010000;
constexpr size_t kRevisionAt = 8;
constexpr size_t kHeaderBytesAt = 12;
constexpr size_t kHeaderChecksumAt = 16;
constexpr size_t kMyLbaAt = 24;
constexpr size_t kAlternateLbaAt = 32;
constexpr size_t kFirstUsableLbaAt = 40;
constexpr size_t kLastUsableLbaAt = 48;
constexpr size_t kEntriesLbaAt = 72;
constexpr size_t kEntryCountAt = 80;
constexpr size_t kEntryBytesAt = 84;
constexpr size_t kEntriesChecksumAt = 88;
constexpr size_t kMinHeaderBytes = 92;

// Entry fields.
constexpr size_t kTypeAt = 0;
constexpr size_t kUniqueAt = 16;
constexpr size_t kFirstLbaAt = 32;
constexpr size_t kLastLbaAt = 40;
constexpr size_t kAttributesAt = 48;
constexpr size_t kNameAt = 56;
constexpr size_t kMinEntryBytes = 128;

constexpr uint64_t kPrimaryLba = 1;
constexpr uint64_t kPrimaryEntriesLba = 2;

uint32_t HeaderChecksum(std::span<const uint8_t> header) {
  std::array<uint8_t, kMaxSectorBytes> copy;
  std::copy(header.begin(), header.end(), copy.begin());
  const std::span<uint8_t> bytes = std::span(copy).first(header.size());
  Store32(bytes, kHeaderChecksumAt, 0);
  return Crc32(bytes);
}

// std::has_single_bit asks for a function of libgcc, which the firmware build does not have.
bool IsPowerOfTwo(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

Guid LoadGuid(std::span<const uint8_t> bytes, size_t at) {
  Guid guid;
  std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), guid.bytes.size(), guid.bytes.begin());
  return guid;
}

Partition LoadPartition(std::span<const uint8_t> entry, uint32_t number) {
  Partition partition;
  partition.number = number;
  partition.type = LoadGuid(entry, kTypeAt);
  partition.unique = LoadGuid(entry, kUniqueAt);
  partition.first_lba = Load64(entry, kFirstLbaAt);
  partition.last_lba = Load64(entry, kLastLbaAt);
  partition.attributes = Load64(entry, kAttributesAt);
  for (size_t i = 0; i < partition.name.size(); ++i) {
    partition.name[i] = static_cast<char16_t>(Load16(entry, kNameAt + 2 * i));
  }
  return partition;
}

}  // namespace

std::string_view DescribeGptError(GptError error) {
  switch (error) {
    case GptError::kNone:
      return "valid";
    case GptError::kUnread:
      return "it cannot be read";
    case GptError::kSignature:
      return "no signature";
    case GptError::kHeaderSize:
      return "its header's size is wrong";
    case GptError::kHeaderChecksum:
      return "its header's checksum does not match";
    case GptError::kWrongPlace:
      return "its header belongs to another place";
    case GptError::kUsableRange:
      return "its usable range is not inside the disk";
    case GptError::kEntryLayout:
      return "size or number of its entries is not supported";
    case GptError::kEntriesOutside:
      return "its entries are not where they may be";
    case GptError::kEntriesChecksum:
      return "its entries' checksum does not match";
    case GptError::kPartitionOutside:
      return "a partition lies outside the usable range";
    case GptError::kTooManyPartitions:
      return "it has too many partitions";
  }
  return "unknown";
}

std::span<uint8_t> GptCopy::header_sector(const DiskGeometry& disk) {
  return std::span(header_).first(disk.sector_bytes);
}

GptError GptCopy::ParseHeader(const DiskGeometry& disk, GptCopyKind kind, uint64_t lba) {
  disk_ = disk;
  kind_ = kind;
  count_ = 0;
  const std::span<const uint8_t> header = header_sector(disk);
  if (!std::equal(kSignature.begin(), kSignature.end(), header.begin()) ||
      Load32(header, kRevisionAt) != kRevision) {
    return error_ = GptError::kSignature;
  }
  header_bytes_ = Load32(header, kHeaderBytesAt);
  if (header_bytes_ < kMinHeaderBytes || header_bytes_ > disk.sector_bytes) {
    return error_ = GptError::kHeaderSize;
  }
  if (Load32(header, kHeaderChecksumAt) != HeaderChecksum(header.first(header_bytes_))) {
    return error_ = GptError::kHeaderChecksum;
  }
  my_lba_ = Load64(header, kMyLbaAt);
  alternate_lba_ = Load64(header, kAlternateLbaAt);
  first_usable_lba_ = Load64(header, kFirstUsableLbaAt);
  last_usable_lba_ = Load64(header, kLastUsableLbaAt);
  entries_lba_ = Load64(header, kEntriesLbaAt);
  if (my_lba_ != lba) return error_ = GptError::kWrongPlace;
  error_ = CheckPlace();
  if (error_ == GptError::kNone) error_ = CheckLayout();
  return error_;
}

GptError GptCopy::CheckPlace() const {
  if (first_usable_lba_ <= kPrimaryEntriesLba || first_usable_lba_ > last_usable_lba_ ||
      last_usable_lba_ >= disk_.last_lba()) {
    return GptError::kUsableRange;
  }
  if (kind_ == GptCopyKind::kBackup) {
    const bool behind = my_lba_ > last_usable_lba_ && my_lba_ <= disk_.last_lba();
    return behind && alternate_lba_ == kPrimaryLba ? GptError::kNone : GptError::kWrongPlace;
  }
  // The backup need not be at the last LBA: a disk may have grown since.
  const bool backup_behind =
      alternate_lba_ > last_usable_lba_ && alternate_lba_ <= disk_.last_lba();
  return my_lba_ == kPrimaryLba && backup_behind ? GptError::kNone : GptError::kWrongPlace;
}

GptError GptCopy::CheckLayout() {
  const std::span<const uint8_t> header = header_sector(disk_);
  entry_bytes_ = Load32(header, kEntryBytesAt);
  entry_count_ = Load32(header, kEntryCountAt);
  if (entry_bytes_ < kMinEntryBytes || !IsPowerOfTwo(entry_bytes_) ||
      entry_bytes_ > kMaxEntriesBytes || entry_count_ == 0 ||
      entry_count_ > kMaxEntriesBytes / entry_bytes_) {
    return GptError::kEntryLayout;
  }
  const uint64_t sectors = entries_sectors().size() / disk_.sector_bytes;
  if (entries_lba_ < kPrimaryEntriesLba || entries_lba_ > disk_.last_lba()) {
    return GptError::kEntriesOutside;
  }
  const uint64_t end = entries_lba_ + sectors;
  const bool fits = kind_ == GptCopyKind::kPrimary
                        ? end <= first_usable_lba_
                        : entries_lba_ > last_usable_lba_ && end <= my_lba_;
  return fits ? GptError::kNone : GptError::kEntriesOutside;
}

std::span<uint8_t> GptCopy::entries_sectors() {
  const size_t bytes = entry_bytes_ * entry_count_;
  const size_t sectors = (bytes + disk_.sector_bytes - 1) / disk_.sector_bytes;
  return std::span(entries_).first(sectors * disk_.sector_bytes);
}

GptError GptCopy::ParseEntries() {
  const std::span<const uint8_t> entries = std::span(entries_).first(entry_bytes_ * entry_count_);
  if (Load32(header_, kEntriesChecksumAt) != Crc32(entries)) {
    return error_ = GptError::kEntriesChecksum;
  }
  return error_ = ParsePartitions();
}

GptError GptCopy::ParsePartitions() {
  count_ = 0;
  for (size_t i = 0; i < entry_count_; ++i) {
    const Partition partition =
        LoadPartition(std::span<const uint8_t>(entries_).subspan(i * entry_bytes_, kMinEntryBytes),
                      static_cast<uint32_t>(i + 1));
    if (partition.type.IsZero()) continue;
    if (partition.first_lba < first_usable_lba_ || partition.last_lba > last_usable_lba_ ||
        partition.first_lba > partition.last_lba) {
      return GptError::kPartitionOutside;
    }
    if (count_ == partitions_.size()) return GptError::kTooManyPartitions;
    partitions_[count_++] = partition;
  }
  return GptError::kNone;
}

bool GptCopy::RestoreFrom(const GptCopy& source) {
  const GptError reason = error_;
  *this = source;
  error_ = reason;
  kind_ = source.kind_ == GptCopyKind::kPrimary ? GptCopyKind::kBackup : GptCopyKind::kPrimary;
  std::swap(my_lba_, alternate_lba_);
  const uint64_t sectors = entries_sectors().size() / disk_.sector_bytes;
  if (kind_ == GptCopyKind::kPrimary) {
    entries_lba_ = kPrimaryEntriesLba;
    if (entries_lba_ + sectors > first_usable_lba_) return false;
  } else {
    if (my_lba_ - last_usable_lba_ <= sectors) return false;
    entries_lba_ = my_lba_ - sectors;
  }
  error_ = GptError::kNone;
  MarkChanged(0, entries_sectors().size());
  return true;
}

void GptCopy::SetAttributes(uint32_t number, uint64_t attributes) {
  for (Partition& partition : std::span(partitions_).first(count_)) {
    if (partition.number != number) continue;
    partition.attributes = attributes;
    const size_t at = (number - 1) * entry_bytes_ + kAttributesAt;
    Store64(entries_, at, attributes);
    MarkChanged(at, at + sizeof(attributes));
  }
}

void GptCopy::MarkChanged(size_t first_byte, size_t end_byte) {
  const size_t sector = disk_.sector_bytes;
  const size_t first = first_byte / sector * sector;
  const size_t end = (end_byte + sector - 1) / sector * sector;
  first_changed_ = changed() ? std::min(first_changed_, first) : first;
  end_changed_ = std::max(end_changed_, end);
}

void GptCopy::Seal() {
  const std::span<uint8_t> header = header_sector(disk_);
  Store64(header, kMyLbaAt, my_lba_);
  Store64(header, kAlternateLbaAt, alternate_lba_);
  Store64(header, kEntriesLbaAt, entries_lba_);
  Store32(header, kEntriesChecksumAt,
          Crc32(std::span<const uint8_t>(entries_).first(entry_bytes_ * entry_count_)));
  Store32(header, kHeaderChecksumAt, HeaderChecksum(header.first(header_bytes_)));
}

TableWrites GptCopy::Writes() {
  Seal();
  const std::span<const uint8_t> changed_entries =
      std::span<const uint8_t>(entries_).subspan(first_changed_, end_changed_ - first_changed_);
  const uint64_t entries_at = entries_lba_ + first_changed_ / disk_.sector_bytes;
  first_changed_ = end_changed_ = 0;
  return {SectorWrite{entries_at, changed_entries, true},
          SectorWrite{my_lba_, header_sector(disk_), true}};
}

}  // namespace matic::boot
