// The GPT of a real disk or a plain file, changed through libfdisk.
#pragma once

#include <chrono>
#include <filesystem>

#include "lib/gpt/partition_table.h"

namespace matic::gpt {

// Whether a copy is valid is judged by boot/policy, as the selector does. Each call opens the disk
// anew, under flock(LOCK_EX) for a change, so that udev and other tools that keep to it stay off;
// the kernel is never asked to read the partitions again, since none is moved. Why repairs come
// before changes: docs/formats.md.
class FdiskPartitionTable final : public PartitionTable {
 public:
  // `sector_size` is that of a plain file; a block device says its own.
  explicit FdiskPartitionTable(std::filesystem::path disk, uint32_t sector_size = 512);

  Result<GptTable> Load() override;
  Result<std::vector<std::string>> Repair() override;
  // kUnavailable where another program keeps the disk locked.
  Result<> UpdateAttributes(std::span<const SlotChange> changes) override;

 private:
  std::filesystem::path disk_;
  uint32_t sector_size_;
};

}  // namespace matic::gpt
