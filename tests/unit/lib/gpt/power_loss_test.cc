// Every moment at which the power may fail while a table is changed or repaired.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>

#include "tests/unit/lib/gpt/disk_file.h"
#include "tests/unit/lib/gpt/write_journal.h"

namespace matic::gpt {
namespace {

using boot::Slot;
using boot::SlotAttributes;

constexpr SlotAttributes kOldB = {};
constexpr SlotAttributes kNewB = {2, 3, false};
constexpr SlotChange kActivateB[] = {{Slot::kA, {1, 0, true}}, {Slot::kB, kNewB}};
constexpr size_t kSector = 512;
// Thousands of tables are read back: no disk is asked.
constexpr char kMemory[] = "/dev/shm";

void Apply(const DiskFile& disk, const JournalWrite& write, const std::vector<bool>& survives) {
  for (size_t begin = 0; begin < write.bytes.size(); begin += kSector) {
    if (!survives[begin / kSector]) continue;
    const size_t length = std::min(kSector, write.bytes.size() - begin);
    disk.Write(write.offset + begin, std::span(write.bytes).subspan(begin, length));
  }
}

// What is left when the power fails while write `n` is under way: all that was flushed before it,
// and of the others each sector by chance.
void CutDuring(const DiskFile& disk, const std::vector<JournalWrite>& writes, size_t n,
               uint32_t seed) {
  std::mt19937 random(seed);
  for (size_t i = 0; i <= n; ++i) {
    const bool flushed = writes[i].flushes_before < writes[n].flushes_before;
    std::vector<bool> survives((writes[i].bytes.size() + kSector - 1) / kSector, true);
    for (auto&& sector : survives) sector = flushed || random() % 2 == 0;
    Apply(disk, writes[i], survives);
  }
}

using Mutation = std::function<void(const DiskFile&)>;

// Changes the table of a disk that `damage` was done to, and checks that after a cut at any moment
// there is a table with the old attributes or the new, which can be repaired and changed.
void SweepChange(const Mutation& damage) {
  std::vector<JournalWrite> writes;
  {
    const DiskFile recorded(kSector, kMemory);
    damage(recorded);
    WriteJournal journal(recorded.path());
    const Result<> updated = recorded.table().UpdateAttributes(kActivateB);
    ASSERT_TRUE(updated) << updated.error().message;
    writes = journal.writes();
  }
  ASSERT_GE(writes.size(), 4u);
  std::set<uint8_t> seen;
  const DiskFile disk(kSector, kMemory);
  damage(disk);
  const std::vector<uint8_t> first = disk.Read(0, kMiB);
  const std::vector<uint8_t> last = disk.Read(disk.size() - 2 * kMiB, 2 * kMiB);
  for (size_t n = 0; n < writes.size(); ++n) {
    for (uint32_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE("write " + std::to_string(n) + " of " + std::to_string(writes.size()) +
                   ", seed " + std::to_string(seed));
      disk.Write(0, first);
      disk.Write(disk.size() - last.size(), last);
      CutDuring(disk, writes, n, seed);
      const Result<GptTable> table = disk.table().Load();
      ASSERT_TRUE(table) << table.error().message;
      const SlotAttributes b = AttributesOf(*table, Slot::kB);
      EXPECT_TRUE(b == kOldB || b == kNewB);
      EXPECT_EQ(AttributesOf(*table, Slot::kA), (SlotAttributes{1, 0, true}));
      seen.insert(b.priority);

      const Result<std::vector<std::string>> repaired = disk.table().Repair();
      ASSERT_TRUE(repaired) << repaired.error().message;
      EXPECT_EQ(AttributesOf(*disk.table().Load(), Slot::kB), b) << "repair changes no entry";
      ASSERT_TRUE(disk.table().UpdateAttributes(kActivateB));
      EXPECT_TRUE(disk.table().Load()->IsWhole());
    }
  }
  EXPECT_EQ(seen.size(), 2u) << "the sweep saw the table before and after the commit";
}

TEST(PowerLoss, DuringAChange) {
  SweepChange([](const DiskFile&) {});
}
TEST(PowerLoss, DuringAChangeWithADamagedPrimary) {
  SweepChange([](const DiskFile& disk) { disk.Damage(disk.primary_header() + 16); });
}
TEST(PowerLoss, DuringAChangeWithDamagedPrimaryEntries) {
  SweepChange([](const DiskFile& disk) { disk.Damage(disk.primary_entries()); });
}
TEST(PowerLoss, DuringAChangeWithADamagedBackup) {
  SweepChange([](const DiskFile& disk) { disk.Damage(disk.backup_header() + 16); });
}
TEST(PowerLoss, DuringAChangeWithDamagedBackupEntries) {
  SweepChange([](const DiskFile& disk) { disk.Damage(disk.backup_entries()); });
}
TEST(PowerLoss, DuringAChangeWithoutAProtectiveMbr) {
  SweepChange([](const DiskFile& disk) { disk.Write(0, std::vector<uint8_t>(kSector)); });
}
TEST(PowerLoss, DuringAChangeOfADiskThatGrew) {
  SweepChange([](const DiskFile& disk) { disk.Grow(kMiB); });
}
TEST(PowerLoss, DuringAChangeOfADiskThatGrewWithADamagedBackup) {
  SweepChange([](const DiskFile& disk) {
    disk.Damage(disk.backup_entries());
    disk.Grow(kMiB);
  });
}

TEST(PowerLoss, AChangeWritesInTheOrderOfTheFormatsPage) {
  const DiskFile disk;
  WriteJournal journal(disk.path());
  ASSERT_TRUE(disk.table().UpdateAttributes(kActivateB));
  std::vector<uint64_t> offsets;
  std::set<size_t> flushes;
  for (const JournalWrite& write : journal.writes()) {
    offsets.push_back(write.offset);
    EXPECT_TRUE(flushes.insert(write.flushes_before).second) << "each write is flushed";
  }
  EXPECT_EQ(offsets, (std::vector<uint64_t>{disk.backup_entries(), disk.backup_header(),
                                            disk.primary_entries(), disk.primary_header(), 0}));
}

// What the selector wrote may be in the disk's cache only, where the firmware's flush does nothing.
TEST(PowerLoss, WhatOthersWroteIsFlushedBeforeAnythingIsWritten) {
  for (const bool damaged : {false, true}) {
    const DiskFile disk;
    if (damaged) disk.Damage(disk.backup_entries());
    WriteJournal journal(disk.path());
    ASSERT_TRUE(damaged ? disk.table().Repair().has_value()
                        : disk.table().UpdateAttributes(kActivateB).has_value());
    ASSERT_FALSE(journal.writes().empty());
    EXPECT_GE(journal.writes().front().flushes_before, 1u);
  }
}

TEST(PowerLoss, ARepairWritesNothingButTheBadCopy) {
  const DiskFile disk;
  disk.Damage(disk.primary_entries());
  WriteJournal journal(disk.path());
  ASSERT_TRUE(disk.table().Repair());
  ASSERT_EQ(journal.writes().size(), 2u);
  EXPECT_EQ(journal.writes()[0].offset, disk.primary_entries());
  EXPECT_EQ(journal.writes()[1].offset, disk.primary_header());
}

}  // namespace
}  // namespace matic::gpt
