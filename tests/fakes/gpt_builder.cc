#include "tests/fakes/gpt_builder.h"

#include <algorithm>
#include <cassert>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "boot/policy/section_table.h"
#include "boot/policy/sha256.h"

namespace matic::fakes {
namespace {

constexpr uint32_t kEntryBytes = 128;
constexpr uint32_t kEntryCount = 128;
constexpr uint32_t kHeaderBytes = 92;
constexpr uint64_t kAttributesInEntry = 48;

std::span<uint8_t> SectorsAt(DiskBytes& disk, const boot::DiskGeometry& geometry, uint64_t lba,
                             size_t bytes) {
  return std::span(disk).subspan(static_cast<size_t>(lba * geometry.sector_bytes), bytes);
}

void SealHeader(std::span<uint8_t> header, std::span<const uint8_t> entries) {
  boot::Store32(header, 88, boot::Crc32(entries));
  boot::Store32(header, 16, 0);
  boot::Store32(header, 16, boot::Crc32(header.first(kHeaderBytes)));
}

void StoreEntry(std::span<uint8_t> entry, const boot::Partition& partition) {
  std::copy(partition.type.bytes.begin(), partition.type.bytes.end(), entry.begin());
  std::copy(partition.unique.bytes.begin(), partition.unique.bytes.end(), entry.begin() + 16);
  boot::Store64(entry, 32, partition.first_lba);
  boot::Store64(entry, 40, partition.last_lba);
  boot::Store64(entry, kAttributesInEntry, partition.attributes);
  for (size_t i = 0; i < partition.name.size(); ++i) {
    boot::StoreLittleEndian<uint16_t>(entry, 56 + 2 * i, static_cast<uint16_t>(partition.name[i]));
  }
}

void StoreCopy(DiskBytes& disk, const boot::DiskGeometry& geometry,
               std::span<const uint8_t> entries, bool primary) {
  const uint64_t mine = primary ? kPrimaryHeaderLba : BackupHeaderLba(geometry);
  const uint64_t other = primary ? BackupHeaderLba(geometry) : kPrimaryHeaderLba;
  const uint64_t entries_lba = primary ? kPrimaryEntriesLba : BackupEntriesLba(geometry);
  const auto header = SectorsAt(disk, geometry, mine, geometry.sector_bytes);
  constexpr std::string_view kSignature = "EFI PART";
  std::copy(kSignature.begin(), kSignature.end(), header.begin());
  boot::Store32(header, 8, 0x00010000);
  boot::Store32(header, 12, kHeaderBytes);
  boot::Store64(header, 24, mine);
  boot::Store64(header, 32, other);
  boot::Store64(header, 40, kPrimaryEntriesLba + EntriesSectors(geometry));
  boot::Store64(header, 48, BackupEntriesLba(geometry) - 1);
  std::fill_n(header.begin() + 56, 16, uint8_t{0xd1});
  boot::Store64(header, 72, entries_lba);
  boot::Store32(header, 80, kEntryCount);
  boot::Store32(header, 84, kEntryBytes);
  SealHeader(header, entries);
  const auto place = SectorsAt(disk, geometry, entries_lba, entries.size());
  std::copy(entries.begin(), entries.end(), place.begin());
}

}  // namespace

GptBuilder::GptBuilder(uint32_t sector_bytes, uint64_t disk_bytes)
    : geometry_{sector_bytes, disk_bytes / sector_bytes},
      next_lba_(kPrimaryEntriesLba + EntriesSectors(geometry_)) {}

GptBuilder& GptBuilder::Add(std::string_view name, const boot::Guid& type, uint64_t bytes,
                            uint64_t attributes, std::optional<boot::Guid> unique) {
  boot::Partition partition;
  partition.number = static_cast<uint32_t>(partitions_.size() + 1);
  partition.type = type;
  partition.unique.bytes.fill(static_cast<uint8_t>(0xa0 + partition.number));
  if (unique) partition.unique = *unique;
  partition.first_lba = next_lba_;
  next_lba_ += (bytes + geometry_.sector_bytes - 1) / geometry_.sector_bytes;
  partition.last_lba = next_lba_ - 1;
  partition.attributes = attributes;
  std::copy(name.begin(), name.end(), partition.name.begin());
  assert(partition.last_lba < BackupEntriesLba(geometry_));
  partitions_.push_back(partition);
  return *this;
}

GptBuilder& GptBuilder::AddStandard(const GptSlots& slots, uint64_t slot_bytes) {
  constexpr uint64_t kSmall = 16 * 1024;
  constexpr uint64_t kBits = boot::kReadOnlyBit | boot::kNoAutoBit;
  Add(boot::kEspName, boot::kEspType, kSmall);
  Add("slot-a", boot::kRootType, slot_bytes, boot::EncodeSlotAttributes(slots.a, kBits));
  Add("slot-b", boot::kRootType, slot_bytes, boot::EncodeSlotAttributes(slots.b, kBits));
  return Add(boot::kStateName, boot::kStateType, kSmall);
}

boot::Partition GptBuilder::partition(std::string_view name) const {
  const auto found =
      std::find_if(partitions_.begin(), partitions_.end(),
                   [&](const boot::Partition& partition) { return HasName(partition, name); });
  assert(found != partitions_.end());
  return *found;
}

DiskBytes GptBuilder::Build() const {
  DiskBytes disk(geometry_.sectors * geometry_.sector_bytes);
  std::vector<uint8_t> entries(kEntryBytes * kEntryCount);
  for (const boot::Partition& partition : partitions_) {
    StoreEntry(std::span(entries).subspan((partition.number - 1) * kEntryBytes, kEntryBytes),
               partition);
  }
  StoreCopy(disk, geometry_, entries, true);
  StoreCopy(disk, geometry_, entries, false);
  return disk;
}

std::vector<uint8_t> SmallImage(std::string_view uki, uint64_t squashfs_bytes) {
  const uint64_t table_at = *boot::SectionTableOffset(squashfs_bytes);
  std::vector<uint8_t> image(table_at + boot::kSectionTableBytes);
  boot::Store32(image, 0, 0x73717368);
  image[28] = 4;
  boot::Store64(image, 40, squashfs_bytes);
  const std::vector<uint8_t> content(uki.begin(), uki.end());
  boot::Sha256 sha256;
  sha256.Update(content);
  boot::Section section;
  section.type = boot::SectionType(boot::kUkiSection);
  section.offset = image.size();
  section.length = content.size();
  section.sha256 = sha256.Finish();
  const auto table = boot::EncodeSectionTable(squashfs_bytes, std::span(&section, 1));
  std::copy(table.begin(), table.end(), image.begin() + static_cast<ptrdiff_t>(table_at));
  image.insert(image.end(), content.begin(), content.end());
  return image;
}

void PutAt(DiskBytes& disk, const boot::DiskGeometry& geometry, const boot::Partition& partition,
           const std::vector<uint8_t>& bytes) {
  assert(bytes.size() <= partition.sectors() * geometry.sector_bytes);
  const auto place = SectorsAt(disk, geometry, partition.first_lba, bytes.size());
  std::copy(bytes.begin(), bytes.end(), place.begin());
}

uint64_t EntriesSectors(const boot::DiskGeometry& geometry) {
  return kEntryBytes * kEntryCount / geometry.sector_bytes;
}
uint64_t BackupHeaderLba(const boot::DiskGeometry& geometry) { return geometry.last_lba(); }
uint64_t BackupEntriesLba(const boot::DiskGeometry& geometry) {
  return geometry.last_lba() - EntriesSectors(geometry);
}

void PatchHeader(DiskBytes& disk, const boot::DiskGeometry& geometry, uint64_t header_lba,
                 size_t offset, const std::vector<uint8_t>& bytes) {
  const auto header = SectorsAt(disk, geometry, header_lba, geometry.sector_bytes);
  std::copy(bytes.begin(), bytes.end(), header.begin() + static_cast<ptrdiff_t>(offset));
  const uint64_t entries_lba =
      header_lba == kPrimaryHeaderLba ? kPrimaryEntriesLba : BackupEntriesLba(geometry);
  SealHeader(header, SectorsAt(disk, geometry, entries_lba, kEntryBytes * kEntryCount));
}

boot::SlotAttributes SlotIn(const DiskBytes& disk, const boot::DiskGeometry& geometry,
                            boot::GptCopyKind kind, boot::Slot slot) {
  const uint64_t lba =
      kind == boot::GptCopyKind::kPrimary ? kPrimaryEntriesLba : BackupEntriesLba(geometry);
  const auto entries = std::span(disk).subspan(static_cast<size_t>(lba * geometry.sector_bytes));
  const size_t number = slot == boot::Slot::kA ? 2 : 3;  // as AddStandard has them
  return boot::DecodeSlotAttributes(
      boot::Load64(entries, (number - 1) * kEntryBytes + kAttributesInEntry));
}

}  // namespace matic::fakes
