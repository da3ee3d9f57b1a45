#include "agent/deadline/running_slot.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>

#include "boot/policy/slot.h"
#include "lib/os/efi_variable.h"
#include "lib/os/partition_behind.h"

namespace matic::deadline {
namespace {

namespace fs = std::filesystem;

std::string ReadSmallFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(256, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

Result<RunningSlot> FindInTable(const fs::path& device, auto&& is_wanted) {
  MATIC_ASSIGN(auto disk, Disk::Open(device));
  MATIC_ASSIGN(const auto partitions, disk.ReadTable());
  const auto found = std::ranges::find_if(partitions, is_wanted);
  if (found == partitions.end()) {
    return Fail(ErrorCode::kNotFound, device.string() + " does not hold the running system");
  }
  for (boot::Slot slot : boot::kSlots) {
    if (found->type == boot::kRootType && boot::HasName(*found, boot::SlotName(slot))) {
      return RunningSlot{std::move(disk), found->unique, std::string(boot::SlotName(slot))};
    }
  }
  return Fail(ErrorCode::kNotFound,
              device.string() + ": partition " + std::to_string(found->number) + " is not a slot");
}

Result<RunningSlot> FindByDevice(const Places& places, dev_t device) {
  const fs::path node = places.sys / "dev/block" /
                        (std::to_string(major(device)) + ":" + std::to_string(minor(device)));
  const auto folder = PartitionBehind(node);
  const std::string text = folder ? ReadSmallFile(*folder / "partition") : "";
  uint32_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) {
    return Fail(ErrorCode::kNotFound, node.string() + " is not a partition");
  }
  return FindInTable(places.dev / BlockNodeName(folder->parent_path()),
                     [&](const boot::Partition& entry) { return entry.number == number; });
}

// What the boot selector left; nothing where it holds anything but a GUID.
std::optional<boot::Guid> StartedPartition(const fs::path& sys) {
  const auto text = ReadEfiText(sys / kEfiVariables, {"LoaderDevicePartUUID", kLoaderVendor});
  if (!text || !*text) return std::nullopt;
  const std::optional<std::string> ascii = ToPrintableAscii(**text);
  return ascii ? boot::ParseGuid(*ascii) : std::nullopt;
}

Result<RunningSlot> FindByVariable(const Places& places) {
  const auto wanted = StartedPartition(places.sys);
  if (!wanted) {
    return Fail(ErrorCode::kNotFound, "LoaderDevicePartUUID does not say what was started");
  }
  std::optional<RunningSlot> slot;
  std::error_code failed;
  for (const auto& block : fs::directory_iterator(places.sys / "class/block", failed)) {
    if (fs::exists(block.path() / "partition", failed)) continue;
    auto found = FindInTable(places.dev / BlockNodeName(block.path()),
                             [&](const boot::Partition& entry) { return entry.unique == *wanted; });
    if (!found) continue;
    if (slot) return Fail(ErrorCode::kRefused, "two disks have the PARTUUID that was started");
    slot = std::move(*found);
  }
  if (!slot) return Fail(ErrorCode::kNotFound, "the disk that was started is not there");
  return std::move(*slot);
}

}  // namespace

Result<Disk> Disk::Open(const fs::path& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open " + path.string(), errno));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return Fail(OsError("stat " + path.string(), errno));
  uint64_t bytes = static_cast<uint64_t>(info.st_size);
  int sector_bytes = 512;
  if (S_ISBLK(info.st_mode) && (ioctl(fd.get(), BLKGETSIZE64, &bytes) != 0 ||
                                ioctl(fd.get(), BLKSSZGET, &sector_bytes) != 0)) {
    return Fail(OsError("size of " + path.string(), errno));
  }
  const auto sector = static_cast<uint32_t>(sector_bytes);
  const boot::DiskGeometry geometry{sector, bytes / sector};
  if (!geometry.IsSupported()) {
    return Fail(ErrorCode::kInvalidArgument, path.string() + " is too small for a table");
  }
  return Disk(std::move(fd), geometry);
}

bool Disk::ReadSectors(uint64_t lba, std::span<uint8_t> buffer) const {
  const auto offset = static_cast<off_t>(lba * geometry_.sector_bytes);
  // Other programs change the table; what the cache holds since the last look does not count.
  posix_fadvise(fd_.get(), offset, static_cast<off_t>(buffer.size()), POSIX_FADV_DONTNEED);
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t got = pread(fd_.get(), buffer.data() + done, buffer.size() - done,
                              offset + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

Result<> Disk::ReadCopy(boot::GptCopy& copy, boot::GptCopyKind kind, uint64_t lba) const {
  if (!ReadSectors(lba, copy.header_sector(geometry_))) {
    return Fail(ErrorCode::kIo, "the table's header could not be read");
  }
  boot::GptError error = copy.ParseHeader(geometry_, kind, lba);
  if (error == boot::GptError::kNone) {
    if (!ReadSectors(copy.entries_lba(), copy.entries_sectors())) {
      return Fail(ErrorCode::kIo, "the table's entries could not be read");
    }
    error = copy.ParseEntries();
  }
  if (error == boot::GptError::kNone) return {};
  return Fail(ErrorCode::kCorrupt, std::string(boot::DescribeGptError(error)));
}

Result<std::vector<boot::Partition>> Disk::ReadTable() const {
  // Too large for a stack.
  const auto copy = std::make_unique<boot::GptCopy>();
  auto read = ReadCopy(*copy, boot::GptCopyKind::kPrimary, 1);
  if (!read) {
    const auto backup = ReadCopy(*copy, boot::GptCopyKind::kBackup, geometry_.last_lba());
    if (!backup) {
      const bool answered =
          read.error().code == ErrorCode::kCorrupt || backup.error().code == ErrorCode::kCorrupt;
      return Fail(
          answered ? ErrorCode::kCorrupt : ErrorCode::kIo,
          "primary table: " + read.error().message + "; backup table: " + backup.error().message);
    }
  }
  const auto partitions = copy->partitions();
  return std::vector<boot::Partition>(partitions.begin(), partitions.end());
}

Result<RunningSlot> FindRunningSlot(const Places& places) {
  struct stat info {};
  if (places.partition) {
    if (stat(places.partition->c_str(), &info) != 0) {
      return Fail(OsError(places.partition->string(), errno));
    }
    return FindByDevice(places, info.st_rdev);
  }
  if (stat(places.root.c_str(), &info) != 0) return Fail(OsError(places.root.string(), errno));
  if (major(info.st_dev) != 0) return FindByDevice(places, info.st_dev);
  return FindByVariable(places);
}

Reading ReadSlot(const RunningSlot& slot) {
  const auto partitions = slot.disk.ReadTable();
  if (partitions) return JudgeSlot(*partitions, slot.partition);
  return partitions.error().code == ErrorCode::kIo ? Reading::kUnreadable : Reading::kNoTable;
}

}  // namespace matic::deadline
