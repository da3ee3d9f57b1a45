#include "lib/gpt/table_copies.h"

#include <algorithm>
#include <set>

#include "boot/policy/little_endian.h"

namespace matic::gpt {
namespace {

// Fields of the header that differ between two equal copies, and the disk's GUID.
constexpr size_t kHeaderSizeAt = 12;
constexpr size_t kChecksumAt = 16;
constexpr size_t kMyLbaAt = 24;
constexpr size_t kAlternateLbaAt = 32;
constexpr size_t kFirstUsableLbaAt = 40;
constexpr size_t kDiskGuidAt = 56;
constexpr size_t kEntriesLbaAt = 72;
constexpr size_t kEntryCountAt = 80;

bool ReadSectors(BlockDevice& disk, uint32_t sector_size, uint64_t lba, std::span<uint8_t> into) {
  return disk.Read(lba * sector_size, into).has_value();
}

void ReadCopy(BlockDevice& disk, const boot::DiskGeometry& geometry, boot::GptCopyKind kind,
              uint64_t lba, boot::GptCopy& copy) {
  if (!ReadSectors(disk, geometry.sector_bytes, lba, copy.header_sector(geometry))) {
    copy.MarkUnread();
    return;
  }
  if (copy.ParseHeader(geometry, kind, lba) != boot::GptError::kNone) return;
  if (!ReadSectors(disk, geometry.sector_bytes, copy.entries_lba(), copy.entries_sectors())) {
    copy.MarkUnread();
    return;
  }
  copy.ParseEntries();
}

void ReadBoth(BlockDevice& disk, TableCopies& copies) {
  ReadCopy(disk, copies.disk, boot::GptCopyKind::kPrimary, 1, copies.primary);
  const uint64_t lba =
      copies.primary.valid() ? copies.primary.alternate_lba() : copies.disk.last_lba();
  ReadCopy(disk, copies.disk, boot::GptCopyKind::kBackup, lba, copies.backup);
}

Result<> CarryOut(BlockDevice& disk, const TableCopies& copies, const boot::TableWrites& writes) {
  for (const boot::SectorWrite& write : writes) {
    MATIC_TRY(disk.Write(write.lba * copies.disk.sector_bytes, write.bytes));
    if (write.flush) MATIC_TRY(disk.Flush());
  }
  return {};
}

std::string Describe(const boot::GptCopy& copy) {
  return std::string(boot::DescribeGptError(copy.error()));
}

}  // namespace

bool TableCopies::AreEqual() {
  if (!primary.valid() || !backup.valid()) return false;
  const std::span<const uint8_t> a = primary.header_sector(disk);
  const std::span<const uint8_t> b = backup.header_sector(disk);
  auto same = [&](size_t begin, size_t end) {
    return std::ranges::equal(a.subspan(begin, end - begin), b.subspan(begin, end - begin));
  };
  const size_t header_size = boot::Load32(a, kHeaderSizeAt);
  return same(0, kChecksumAt) && same(kFirstUsableLbaAt, kEntriesLbaAt) &&
         same(kEntryCountAt, header_size) &&
         boot::Load64(a, kAlternateLbaAt) == boot::Load64(b, kMyLbaAt) &&
         std::ranges::equal(primary.entries_sectors(), backup.entries_sectors());
}

Result<std::unique_ptr<TableCopies>> ReadCopies(BlockDevice& disk, std::string device,
                                                uint32_t sector_size) {
  auto copies = std::make_unique<TableCopies>();
  copies->device = std::move(device);
  if (sector_size != 0) copies->disk = {sector_size, disk.size() / sector_size};
  if (!copies->disk.IsSupported()) {
    return Fail(ErrorCode::kInvalidArgument,
                copies->device +
                    ": no room for a partition table, or sectors of an unknown size (" +
                    std::to_string(disk.size()) + " bytes in sectors of " +
                    std::to_string(sector_size) + ")");
  }
  ReadBoth(disk, *copies);
  return copies;
}

Result<GptTable> ToTable(TableCopies& copies) {
  boot::GptCopy& primary = copies.primary;
  boot::GptCopy& backup = copies.backup;
  if (!primary.valid() && !backup.valid()) {
    if (primary.error() == boot::GptError::kSignature &&
        backup.error() == boot::GptError::kSignature) {
      return Fail(ErrorCode::kNotFound, copies.device + ": the disk has no GUID partition table");
    }
    return Fail(ErrorCode::kCorrupt,
                copies.device + ": neither copy of the partition table is valid; primary: " +
                    Describe(primary) + "; backup: " + Describe(backup));
  }
  boot::GptCopy& good = primary.valid() ? primary : backup;
  GptTable table;
  table.device = copies.device;
  table.sector_size = copies.disk.sector_bytes;
  table.size_bytes = copies.disk.sectors * copies.disk.sector_bytes;
  const std::span<const uint8_t> guid = good.header_sector(copies.disk).subspan(kDiskGuidAt, 16);
  std::ranges::copy(guid, table.disk_guid.bytes.begin());
  table.partitions.assign(good.partitions().begin(), good.partitions().end());
  if (!primary.valid()) table.primary = CopyState::kInvalid;
  if (!backup.valid()) {
    table.backup = CopyState::kInvalid;
  } else if (primary.valid() && !copies.AreEqual()) {
    table.backup = CopyState::kDifferent;
  } else if (primary.valid() && !copies.BackupIsAtEnd()) {
    table.backup = CopyState::kMisplaced;
  }
  return table;
}

Result<> CheckGuidsAreUnique(const GptTable& table) {
  std::set<std::array<uint8_t, 16>> seen;
  for (const boot::Partition& partition : table.partitions) {
    if (!seen.insert(partition.unique.bytes).second) {
      return Fail(ErrorCode::kCorrupt,
                  table.device + ": partition " + std::to_string(partition.number) +
                      " has the same GUID as another one: " + GuidToText(partition.unique));
    }
  }
  return {};
}

Result<> RestoreBadCopy(BlockDevice& disk, TableCopies& copies, std::vector<std::string>& mended) {
  if (copies.AreEqual()) return {};
  const bool restore_primary = !copies.primary.valid();
  boot::GptCopy& bad = restore_primary ? copies.primary : copies.backup;
  const boot::GptCopy& good = restore_primary ? copies.backup : copies.primary;
  const std::string which = restore_primary ? "primary" : "backup";
  const std::string from = restore_primary ? "backup" : "primary";
  const std::string why = bad.valid() ? "it differed from the primary" : Describe(bad);

  if (!bad.RestoreFrom(good)) {
    return Fail(ErrorCode::kRefused,
                copies.device + ": no room for the " + which + " partition table (" + why + ")");
  }
  MATIC_TRY(CarryOut(disk, copies, bad.Writes()));
  ReadBoth(disk, copies);
  if (!copies.AreEqual()) {
    return Fail(ErrorCode::kIo, copies.device + ": the " + which +
                                    " partition table was written and is still not good (" +
                                    Describe(bad) + ")");
  }
  mended.push_back(copies.device + ": " + which + " partition table restored from the " + from +
                   " (" + why + ")");
  return {};
}

}  // namespace matic::gpt
