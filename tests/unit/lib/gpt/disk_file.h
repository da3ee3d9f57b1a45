// A disk image in a temporary folder, with the partitions of a machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "lib/gpt/create_gpt.h"
#include "lib/gpt/fdisk_partition_table.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::gpt {

inline constexpr uint64_t kMiB = 1024 * 1024;
inline constexpr uint64_t kDiskBytes = 64 * kMiB;

// esp, slot-a (priority 1, successful), slot-b (unbootable), state; slots with bits 60 and 63.
std::vector<NewPartition> FactoryPartitions();

// A sparse file of kDiskBytes with such a table, deleted in the end.
class DiskFile {
 public:
  explicit DiskFile(uint32_t sector_size = 512,
                    const std::filesystem::path& folder = std::filesystem::temp_directory_path());
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  FdiskPartitionTable table() const { return FdiskPartitionTable(path_, sector_size_); }
  uint64_t size() const { return std::filesystem::file_size(path_); }

  std::vector<uint8_t> Read(uint64_t offset, size_t length) const;
  std::vector<uint8_t> ReadAll() const { return Read(0, size()); }
  void Write(uint64_t offset, std::span<const uint8_t> bytes) const;
  // Overwrites a few bytes at `offset` with others.
  void Damage(uint64_t offset) const;
  void Grow(uint64_t bytes) const;

  uint64_t primary_header() const { return sector_size_; }
  uint64_t primary_entries() const { return 2 * uint64_t{sector_size_}; }
  uint64_t backup_header() const { return size() - sector_size_; }
  uint64_t backup_entries() const { return backup_header() - 128 * 128; }

 private:
  const TemporaryFolder folder_;
  const std::filesystem::path path_;
  uint32_t sector_size_;
};

// The attributes of a slot of a loaded table.
boot::SlotAttributes AttributesOf(const GptTable& table, boot::Slot slot);

}  // namespace matic::gpt
