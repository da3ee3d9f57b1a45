// Both copies of a disk's GPT, read and validated by boot/policy as the selector does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "boot/policy/gpt_copy.h"
#include "lib/gpt/gpt_table.h"
#include "lib/os/block_device.h"

namespace matic::gpt {

// The backup is the one that the primary names, or where no primary is valid the one at the last
// LBA.
struct TableCopies {
  std::string device;
  boot::DiskGeometry disk;
  boot::GptCopy primary;
  boot::GptCopy backup;

  bool BackupIsAtEnd() const { return primary.alternate_lba() == disk.last_lba(); }
  // Both are valid, and say the same but for where they are.
  bool AreEqual();
};

// A copy that cannot be read counts as not valid. kInvalidArgument where the sector size or the
// disk's size is not supported.
Result<std::unique_ptr<TableCopies>> ReadCopies(BlockDevice& disk, std::string device,
                                                uint32_t sector_size);

// kNotFound where the disk has no GPT; kCorrupt where neither copy is valid.
Result<GptTable> ToTable(TableCopies& copies);

// kCorrupt where two partitions carry the same GUID.
Result<> CheckGuidsAreUnique(const GptTable& table);

// Writes the copy that is bad or differs from the good one, flushes, reads it back and validates
// it. Appends a line for what was mended. The good copy is not touched. Does not move a misplaced
// backup.
Result<> RestoreBadCopy(BlockDevice& disk, TableCopies& copies, std::vector<std::string>& mended);

}  // namespace matic::gpt
