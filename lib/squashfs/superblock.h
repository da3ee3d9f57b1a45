// The superblock and what it says of the tables.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/os/read_window.h"
#include "lib/squashfs/layout.h"

namespace matic::squashfs {

inline constexpr size_t kSuperblockBytes = 96;

// Offsets that were checked to lie inside the squashfs, in this order: inodes < directories < the
// others that there are.
struct Tables {
  Superblock superblock;
  uint32_t inodes = 0;
  uint32_t fragments = 0;  // entries
  uint32_t ids = 0;
  uint64_t inode_table = 0;
  uint64_t directory_table = 0;
  // Tables of offsets, each with its metadata blocks in front of it.
  std::optional<uint64_t> fragment_table;
  std::optional<uint64_t> export_table;
  uint64_t id_table = 0;
  std::optional<uint64_t> xattr_table;
};

// kCorrupt where it is no squashfs 4.0, longer than the device, or contradicts itself.
Result<Tables> ReadTables(ReadWindow& window);

}  // namespace matic::squashfs
