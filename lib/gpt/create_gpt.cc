#include "lib/gpt/create_gpt.h"

#include <libfdisk/libfdisk.h>

#include <memory>
#include <utility>
#include <vector>

#include "lib/gpt/disk_lock.h"
#include "lib/gpt/fdisk_context.h"
#include "lib/gpt/fdisk_partition_table.h"
#include "lib/gpt/table_copies.h"
#include "lib/os/linux_block_device.h"

namespace matic::gpt {
namespace {

using PartitionPtr = std::unique_ptr<fdisk_partition, decltype(&fdisk_unref_partition)>;
using TypePtr = std::unique_ptr<fdisk_parttype, decltype(&fdisk_unref_parttype)>;

struct Extent {
  uint64_t first_lba;
  uint64_t sectors;
};

Result<std::vector<Extent>> LayOut(const FdiskContext& context, const NewGpt& gpt) {
  const uint64_t unit = gpt.alignment_bytes / gpt.sector_size;
  const uint64_t end = fdisk_get_last_lba(context.get()) + 1;
  uint64_t next = (fdisk_get_first_lba(context.get()) + unit - 1) / unit * unit;
  std::vector<Extent> extents;
  for (const NewPartition& partition : gpt.partitions) {
    const bool takes_rest = partition.size_bytes == 0;
    if (takes_rest && &partition != &gpt.partitions.back()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "partition " + partition.name + ": only the last one may take what is left");
    }
    if (partition.size_bytes % gpt.alignment_bytes != 0) {
      return Fail(ErrorCode::kInvalidArgument,
                  "partition " + partition.name + ": " + std::to_string(partition.size_bytes) +
                      " bytes are no multiple of " + std::to_string(gpt.alignment_bytes));
    }
    const uint64_t room = next < end ? (end - next) / unit * unit : 0;
    const uint64_t sectors = takes_rest ? room : partition.size_bytes / gpt.sector_size;
    if (sectors == 0 || sectors > room) {
      return Fail(ErrorCode::kInvalidArgument,
                  "partition " + partition.name + ": the disk has no room for it (" +
                      std::to_string(room * gpt.sector_size) + " bytes are left)");
    }
    extents.push_back({next, sectors});
    next += sectors;
  }
  return extents;
}

Result<> AddPartition(const FdiskContext& context, const NewPartition& wanted, const Extent& extent,
                      size_t number) {
  const std::string where = "add partition " + wanted.name + " to";
  const TypePtr type(fdisk_label_parse_parttype(fdisk_get_label(context.get(), nullptr),
                                                GuidToText(wanted.type).c_str()),
                     &fdisk_unref_parttype);
  const PartitionPtr partition(fdisk_new_partition(), &fdisk_unref_partition);
  if (!type || !partition) return Fail(ErrorCode::kInternal, where + " a table: no memory");
  fdisk_partition* raw = partition.get();
  MATIC_TRY(context.Check(fdisk_partition_set_partno(raw, number), where));
  MATIC_TRY(context.Check(fdisk_partition_set_start(raw, extent.first_lba), where));
  MATIC_TRY(context.Check(fdisk_partition_set_size(raw, extent.sectors), where));
  MATIC_TRY(context.Check(fdisk_partition_size_explicit(raw, 1), where));
  MATIC_TRY(context.Check(fdisk_partition_set_type(raw, type.get()), where));
  MATIC_TRY(context.Check(fdisk_partition_set_name(raw, wanted.name.c_str()), where));
  if (!wanted.unique.IsZero()) {
    MATIC_TRY(
        context.Check(fdisk_partition_set_uuid(raw, GuidToText(wanted.unique).c_str()), where));
  }
  MATIC_TRY(context.Check(fdisk_add_partition(context.get(), raw, nullptr), where));
  return context.Check(fdisk_gpt_set_partition_attrs(context.get(), number, wanted.attributes),
                       where);
}

Result<> CheckWanted(const NewGpt& gpt) {
  if ((gpt.sector_size != 512 && gpt.sector_size != 4096) || gpt.alignment_bytes == 0 ||
      gpt.alignment_bytes % gpt.sector_size != 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "sectors of " + std::to_string(gpt.sector_size) + " bytes aligned to " +
                    std::to_string(gpt.alignment_bytes) + " are not supported");
  }
  for (const NewPartition& partition : gpt.partitions) {
    if (partition.name.size() > boot::kPartitionNameLength) {
      return Fail(ErrorCode::kInvalidArgument,
                  "partition " + partition.name + ": the name is longer than 36 characters");
    }
  }
  return {};
}

// A table that was there before would be taken for the new one's backup, or warned about.
Result<> ZeroTablePlaces(const std::filesystem::path& path) {
  constexpr uint64_t kPlace = 64 * 1024;
  MATIC_ASSIGN(auto disk, LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadWrite));
  if (!disk->is_plain_file()) {
    return Fail(ErrorCode::kInvalidArgument, path.string() + ": not a plain file");
  }
  if (disk->size() < 2 * kPlace) {
    return Fail(ErrorCode::kInvalidArgument, path.string() + ": too small for a partition table (" +
                                                 std::to_string(disk->size()) + " bytes)");
  }
  const std::vector<uint8_t> zeros(kPlace);
  MATIC_TRY(disk->Write(0, zeros));
  MATIC_TRY(disk->Write(disk->size() - kPlace, zeros));
  return disk->Flush();
}

}  // namespace

Result<GptTable> CreateGpt(const std::filesystem::path& path, const NewGpt& gpt) {
  MATIC_TRY(CheckWanted(gpt));
  MATIC_ASSIGN(const UniqueFd lock, OpenLocked(path));
  MATIC_TRY(ZeroTablePlaces(path));
  {
    MATIC_ASSIGN(FdiskContext context,
                 FdiskContext::Open(lock.get(), path.string(), gpt.sector_size));
    MATIC_TRY(context.Check(fdisk_create_disklabel(context.get(), "gpt"), "create a table on"));
    if (!gpt.disk_guid.IsZero()) {
      MATIC_TRY(context.Check(
          fdisk_set_disklabel_id_from_string(context.get(), GuidToText(gpt.disk_guid).c_str()),
          "set the GUID of"));
    }
    MATIC_ASSIGN(const std::vector<Extent> extents, LayOut(context, gpt));
    for (size_t i = 0; i < extents.size(); ++i) {
      MATIC_TRY(AddPartition(context, gpt.partitions[i], extents[i], i));
    }
    MATIC_TRY(context.WriteTable());
  }
  MATIC_ASSIGN(GptTable table, FdiskPartitionTable(path, gpt.sector_size).Load());
  if (table.IsWhole() && table.partitions.size() == gpt.partitions.size()) return table;
  return Fail(ErrorCode::kIo, path.string() + ": the partition table read back is not whole");
}

}  // namespace matic::gpt
