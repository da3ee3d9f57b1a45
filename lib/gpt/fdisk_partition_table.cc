#include "lib/gpt/fdisk_partition_table.h"

#include <libfdisk/libfdisk.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "lib/gpt/disk_lock.h"
#include "lib/gpt/fdisk_context.h"
#include "lib/gpt/protective_mbr.h"
#include "lib/gpt/table_copies.h"
#include "lib/os/linux_block_device.h"

namespace matic::gpt {
namespace {

using Device = std::unique_ptr<LinuxBlockDevice>;
using Access = LinuxBlockDevice::Access;

// A disk that one call works on. For a change `lock` is held and libfdisk writes through it.
struct OpenDisk {
  UniqueFd lock;
  Device device;
  uint32_t sector_size;
};

uint32_t SectorSize(const LinuxBlockDevice& device, uint32_t of_plain_files) {
  return device.is_plain_file() ? of_plain_files : device.sector_size();
}

Result<OpenDisk> OpenForChange(const std::filesystem::path& path, uint32_t sector_size) {
  MATIC_ASSIGN(UniqueFd lock, OpenLocked(path));
  MATIC_ASSIGN(Device device, LinuxBlockDevice::Open(path, Access::kReadWrite));
  // Where the firmware's flush does nothing, the copy that the selector wrote may be in the disk's
  // cache only: no other is touched before it is durable.
  MATIC_TRY(device->Flush());
  const uint32_t size = SectorSize(*device, sector_size);
  return OpenDisk{std::move(lock), std::move(device), size};
}

Result<GptTable> ReadTable(LinuxBlockDevice& device, uint32_t sector_size) {
  MATIC_ASSIGN(auto copies, ReadCopies(device, device.name(), sector_size));
  MATIC_ASSIGN(GptTable table, ToTable(*copies));
  const Result<MbrState> mbr = ReadMbrState(device, copies->disk);
  table.has_protective_mbr = mbr && *mbr == MbrState::kProtective;
  return table;
}

// The new place is written before the primary names it: a power loss leaves one good pair or the
// other.
Result<> MoveBackupToEnd(OpenDisk& disk, TableCopies& copies, std::vector<std::string>& mended) {
  const std::string old_place = std::to_string(copies.primary.alternate_lba());
  MATIC_ASSIGN(FdiskContext context,
               FdiskContext::Open(disk.lock.get(), copies.device, disk.sector_size));
  MATIC_TRY(context.WriteTable());
  MATIC_ASSIGN(const GptTable moved, ReadTable(*disk.device, disk.sector_size));
  if (!moved.IsWhole()) {
    return Fail(
        ErrorCode::kIo,
        copies.device + ": the backup partition table could not be moved to the disk's end");
  }
  mended.push_back(copies.device + ": backup partition table moved from LBA " + old_place +
                   " to the disk's end (LBA " + std::to_string(copies.disk.last_lba()) + ")");
  return {};
}

Result<std::vector<std::string>> RepairOpen(OpenDisk& disk) {
  std::vector<std::string> mended;
  MATIC_ASSIGN(auto copies, ReadCopies(*disk.device, disk.device->name(), disk.sector_size));
  MATIC_TRY(ToTable(*copies));
  MATIC_TRY(RestoreBadCopy(*disk.device, *copies, mended));
  MATIC_TRY(RestoreProtectiveMbr(*disk.device, copies->device, copies->disk, mended));
  if (!copies->BackupIsAtEnd()) MATIC_TRY(MoveBackupToEnd(disk, *copies, mended));
  return mended;
}

// `table` with the changes made.
Result<GptTable> WithChanges(GptTable table, std::span<const SlotChange> changes) {
  for (const SlotChange& change : changes) {
    MATIC_ASSIGN(const boot::Partition found, FindSlot(table, change.slot));
    const auto partition =
        std::ranges::find(table.partitions, found.number, &boot::Partition::number);
    partition->attributes = boot::EncodeSlotAttributes(change.attributes, partition->attributes);
  }
  return table;
}

Result<> WriteAttributes(OpenDisk& disk, const GptTable& before, const GptTable& after) {
  MATIC_ASSIGN(FdiskContext context,
               FdiskContext::Open(disk.lock.get(), after.device, disk.sector_size));
  for (size_t i = 0; i < after.partitions.size(); ++i) {
    const boot::Partition& partition = after.partitions[i];
    if (partition.attributes == before.partitions[i].attributes) continue;
    MATIC_TRY(context.Check(
        fdisk_gpt_set_partition_attrs(context.get(), partition.number - 1, partition.attributes),
        "set attributes of partition " + std::to_string(partition.number) + " of"));
  }
  return context.WriteTable();
}

}  // namespace

FdiskPartitionTable::FdiskPartitionTable(std::filesystem::path disk, uint32_t sector_size)
    : disk_(std::move(disk)), sector_size_(sector_size) {}

Result<GptTable> FdiskPartitionTable::Load() {
  // Not locked: whatever moment of a change is seen, one copy is valid.
  MATIC_ASSIGN(Device device, LinuxBlockDevice::Open(disk_, Access::kReadOnly));
  MATIC_ASSIGN(GptTable table, ReadTable(*device, SectorSize(*device, sector_size_)));
  MATIC_TRY(CheckGuidsAreUnique(table));
  return table;
}

Result<std::vector<std::string>> FdiskPartitionTable::Repair() {
  // Looked at without the lock first: a whole table needs no right to write, and nobody is kept
  // waiting.
  MATIC_ASSIGN(const GptTable table, Load());
  if (table.IsWhole()) return std::vector<std::string>{};
  MATIC_ASSIGN(OpenDisk disk, OpenForChange(disk_, sector_size_));
  return RepairOpen(disk);
}

Result<> FdiskPartitionTable::UpdateAttributes(std::span<const SlotChange> changes) {
  MATIC_ASSIGN(OpenDisk disk, OpenForChange(disk_, sector_size_));
  MATIC_TRY(RepairOpen(disk));
  MATIC_ASSIGN(const GptTable before, ReadTable(*disk.device, disk.sector_size));
  MATIC_TRY(CheckGuidsAreUnique(before));
  MATIC_ASSIGN(const GptTable after, WithChanges(before, changes));
  if (after.partitions == before.partitions) return {};
  MATIC_TRY(WriteAttributes(disk, before, after));
  MATIC_ASSIGN(const GptTable read_back, ReadTable(*disk.device, disk.sector_size));
  if (read_back.IsWhole() && read_back.partitions == after.partitions) return {};
  return Fail(ErrorCode::kIo,
              after.device + ": the partition table read back is not the one that was written");
}

}  // namespace matic::gpt
