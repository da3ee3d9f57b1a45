// Reading and changing a disk's GPT, so that it can be read after a power loss at any moment.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/gpt/gpt_table.h"

namespace matic::gpt {

struct SlotChange {
  boot::Slot slot;
  boot::SlotAttributes attributes;

  bool operator==(const SlotChange&) const = default;
};

class PartitionTable {
 public:
  virtual ~PartitionTable() = default;

  // Read anew from the disk. kNotFound where the disk has no GPT at all; kCorrupt where neither
  // copy is valid, or two partitions carry the same GUID.
  virtual Result<GptTable> Load() = 0;

  // Makes both copies valid and equal, with the backup at the last LBA and a protective MBR before
  // them, without changing what any entry says. Only a copy that is bad is written; the primary
  // wins where two valid ones differ. Returns a line for each thing mended, none for a whole table.
  // After a power loss the copy that was good still is. kRefused where the MBR has partitions of
  // its own.
  virtual Result<std::vector<std::string>> Repair() = 0;

  // Repairs if need be, then sets the slots' priority, tries and successful in one write of the
  // table, and reads it back. All other bits and partitions stay as they are; where nothing would
  // change, nothing is written. After a power loss either all of the changes hold or none. An error
  // may come after the change took hold: Load tells.
  virtual Result<> UpdateAttributes(std::span<const SlotChange> changes) = 0;
};

}  // namespace matic::gpt
