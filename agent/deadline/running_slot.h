// The slot that the running system was started from, as its disk's table has it now. Opens the disk
// itself, for reading only, and changes nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/deadline/trial.h"
#include "boot/policy/gpt_copy.h"
#include "boot/policy/guid.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic::deadline {

class Disk {
 public:
  // A block device, or a plain file of 512-byte sectors that stands for one.
  static Result<Disk> Open(const std::filesystem::path& path);

  // The entries of the primary table, or of the backup where the primary is invalid, read anew.
  // kIo where neither could be read, kCorrupt where what was read is invalid.
  Result<std::vector<boot::Partition>> ReadTable() const;

 private:
  Disk(UniqueFd fd, boot::DiskGeometry geometry) : fd_(std::move(fd)), geometry_(geometry) {}

  Result<> ReadCopy(boot::GptCopy& copy, boot::GptCopyKind kind, uint64_t lba) const;
  bool ReadSectors(uint64_t lba, std::span<uint8_t> buffer) const;

  UniqueFd fd_;
  boot::DiskGeometry geometry_;
};

struct RunningSlot {
  Disk disk;
  boot::Guid partition;
  std::string name;  // "slot-b", for messages
};

// Where to look. The defaults are a real machine's.
struct Places {
  std::optional<std::filesystem::path> partition;  // said by whoever knows it
  std::filesystem::path root = "/";
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
};

// By the partition that was named; else by the device behind the root; else, in an initrd, by the
// PARTUUID that the boot selector left in LoaderDevicePartUUID. kNotFound where that device is not
// there yet or is no slot; kRefused where two disks have the same PARTUUID.
Result<RunningSlot> FindRunningSlot(const Places& places);

// kUnreadable and kNoTable where the table cannot be had.
Reading ReadSlot(const RunningSlot& slot);

}  // namespace matic::deadline
