#include "tests/crash/tries.h"

#include "lib/gpt/fdisk_partition_table.h"

namespace matic::crash {

Result<Tries> ReadTries(const std::filesystem::path& disk, const Layout& layout) {
  MATIC_ASSIGN(const gpt::GptTable table,
               gpt::FdiskPartitionTable(disk, layout.sector_bytes).Load());
  Tries tries{.backup_is_bad = table.backup == gpt::CopyState::kInvalid, .slots = {}};
  for (const boot::Slot slot : boot::kSlots) {
    MATIC_ASSIGN(const boot::Partition partition, gpt::FindSlot(table, slot));
    tries.slots[static_cast<size_t>(slot)] = boot::DecodeSlotAttributes(partition.attributes).tries;
  }
  return tries;
}

Result<> JudgeTries(Tries before, const Tries& after, std::optional<boot::Slot> on_trial) {
  if (before.backup_is_bad && after.slots == before.slots) return {};
  if (on_trial) --before.slots[static_cast<size_t>(*on_trial)];
  if (after.slots == before.slots) return {};
  return Fail(ErrorCode::kIo, "not one try was taken, and no more");
}

}  // namespace matic::crash
