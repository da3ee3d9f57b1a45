#include "lib/gpt/fdisk_partition_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>

#include "lib/os/linux_block_device.h"
#include "tests/unit/lib/gpt/disk_file.h"

namespace matic::gpt {
namespace {

using boot::Slot;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr SlotChange kActivateB[] = {{Slot::kA, {1, 0, true}}, {Slot::kB, {2, 3, false}}};

class FdiskPartitionTableTest : public testing::TestWithParam<uint32_t> {
 protected:
  GptTable Load() const {
    Result<GptTable> table = disk_.table().Load();
    EXPECT_TRUE(table) << table.error().message;
    return table ? *table : GptTable{};
  }

  const DiskFile disk_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(SectorSizes, FdiskPartitionTableTest, testing::Values(512, 4096));

TEST_P(FdiskPartitionTableTest, ChangesSlotsAndNothingElse) {
  const GptTable before = Load();
  const Result<> updated = disk_.table().UpdateAttributes(kActivateB);
  ASSERT_TRUE(updated) << updated.error().message;

  const GptTable after = Load();
  EXPECT_TRUE(after.IsWhole());
  EXPECT_EQ(AttributesOf(after, Slot::kA), (boot::SlotAttributes{1, 0, true}));
  EXPECT_EQ(AttributesOf(after, Slot::kB), (boot::SlotAttributes{2, 3, false}));
  GptTable expected = before;
  expected.partitions[2].attributes |= (uint64_t{2} << 48) | (uint64_t{3} << 52);
  EXPECT_EQ(after.partitions, expected.partitions);
  EXPECT_EQ(after.disk_guid, before.disk_guid);
  EXPECT_TRUE(after.partitions[2].attributes & boot::kReadOnlyBit);
  EXPECT_TRUE(after.partitions[2].attributes & boot::kNoAutoBit);
}

TEST_P(FdiskPartitionTableTest, ChangesOnlyTablesAndTheirHeaders) {
  const std::vector<uint8_t> before = disk_.ReadAll();
  ASSERT_TRUE(disk_.table().UpdateAttributes(kActivateB));
  const std::vector<uint8_t> after = disk_.ReadAll();
  const uint64_t sector = GetParam();
  EXPECT_TRUE(
      std::equal(before.begin(), before.begin() + static_cast<ptrdiff_t>(sector), after.begin()))
      << "the protective MBR";
  const auto begin = static_cast<ptrdiff_t>(kMiB);
  const auto end = static_cast<ptrdiff_t>(disk_.backup_entries());
  EXPECT_TRUE(std::equal(before.begin() + begin, before.begin() + end, after.begin() + begin));
}

TEST_P(FdiskPartitionTableTest, SameAttributesAreNotWritten) {
  const auto written = std::filesystem::last_write_time(disk_.path());
  const SlotChange same[] = {{Slot::kA, {1, 0, true}}, {Slot::kB, {}}};
  ASSERT_TRUE(disk_.table().UpdateAttributes(same));
  EXPECT_EQ(std::filesystem::last_write_time(disk_.path()), written);
}

TEST_P(FdiskPartitionTableTest, RepairsADamagedCopyFromTheOther) {
  const std::vector<uint8_t> whole = disk_.ReadAll();
  struct Case {
    uint64_t at;
    std::string mended;
    bool is_primary;
  };
  const Case cases[] = {
      {disk_.primary_header() + 16, "primary partition table restored from the backup", true},
      {disk_.primary_header(), "primary partition table restored from the backup", true},
      {disk_.primary_entries() + 128, "primary partition table restored from the backup", true},
      {disk_.backup_header() + 72, "backup partition table restored from the primary", false},
      {disk_.backup_entries() + 300, "backup partition table restored from the primary", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.at);
    disk_.Damage(c.at);
    const GptTable damaged = Load();
    EXPECT_EQ(damaged.primary, c.is_primary ? CopyState::kInvalid : CopyState::kValid);
    EXPECT_EQ(damaged.backup, c.is_primary ? CopyState::kValid : CopyState::kInvalid);
    EXPECT_EQ(damaged.partitions.size(), 4u);

    const Result<std::vector<std::string>> mended = disk_.table().Repair();
    ASSERT_TRUE(mended) << mended.error().message;
    EXPECT_THAT(*mended, ElementsAre(HasSubstr(c.mended)));
    EXPECT_TRUE(disk_.ReadAll() == whole) << "the same bytes as before the damage";
    EXPECT_THAT(*disk_.table().Repair(), IsEmpty());
  }
}

TEST_P(FdiskPartitionTableTest, ThePrimaryWinsWhereBothAreValid) {
  // The selector took a try in the primary alone.
  ASSERT_TRUE(disk_.table().UpdateAttributes(kActivateB));
  const std::vector<uint8_t> old_backup =
      disk_.Read(disk_.backup_entries(), disk_.size() - disk_.backup_entries());
  const SlotChange taken[] = {{Slot::kB, {2, 2, false}}};
  ASSERT_TRUE(disk_.table().UpdateAttributes(taken));
  disk_.Write(disk_.backup_entries(), old_backup);
  EXPECT_EQ(Load().backup, CopyState::kDifferent);

  const Result<std::vector<std::string>> mended = disk_.table().Repair();
  ASSERT_TRUE(mended) << mended.error().message;
  EXPECT_THAT(*mended, ElementsAre(HasSubstr("it differed from the primary")));
  const GptTable table = Load();
  EXPECT_TRUE(table.IsWhole());
  EXPECT_EQ(AttributesOf(table, Slot::kB), (boot::SlotAttributes{2, 2, false}));
}

TEST_P(FdiskPartitionTableTest, MovesTheBackupOfADiskThatGrew) {
  const GptTable before = Load();
  disk_.Grow(16 * kMiB);
  EXPECT_EQ(Load().backup, CopyState::kMisplaced);

  const Result<std::vector<std::string>> mended = disk_.table().Repair();
  ASSERT_TRUE(mended) << mended.error().message;
  EXPECT_THAT(*mended, ElementsAre(HasSubstr("moved from LBA")));
  const GptTable table = Load();
  EXPECT_TRUE(table.IsWhole());
  EXPECT_EQ(table.partitions, before.partitions);
  EXPECT_EQ(table.disk_guid, before.disk_guid);

  disk_.Damage(disk_.primary_header());
  EXPECT_EQ(Load().partitions, before.partitions) << "the new backup is good on its own";
}

TEST_P(FdiskPartitionTableTest, MovesADamagedBackupOfADiskThatGrew) {
  const GptTable before = Load();
  disk_.Damage(disk_.backup_entries());
  disk_.Grow(16 * kMiB);
  const Result<std::vector<std::string>> mended = disk_.table().Repair();
  ASSERT_TRUE(mended) << mended.error().message;
  EXPECT_EQ(mended->size(), 2u);
  EXPECT_TRUE(Load().IsWhole());
  EXPECT_EQ(Load().partitions, before.partitions);
}

TEST_P(FdiskPartitionTableTest, AChangeRepairsFirst) {
  disk_.Damage(disk_.primary_header());
  ASSERT_TRUE(disk_.table().UpdateAttributes(kActivateB));
  disk_.Grow(kMiB);
  const SlotChange confirm[] = {{Slot::kB, {2, 0, true}}};
  ASSERT_TRUE(disk_.table().UpdateAttributes(confirm));
  const GptTable table = Load();
  EXPECT_TRUE(table.IsWhole());
  EXPECT_EQ(AttributesOf(table, Slot::kB), (boot::SlotAttributes{2, 0, true}));
}

TEST_P(FdiskPartitionTableTest, RestoresALostProtectiveMbr) {
  const std::vector<uint8_t> whole = disk_.ReadAll();
  disk_.Write(0, std::vector<uint8_t>(512));
  EXPECT_FALSE(Load().IsWhole());
  const Result<std::vector<std::string>> mended = disk_.table().Repair();
  ASSERT_TRUE(mended) << mended.error().message;
  EXPECT_THAT(*mended, ElementsAre(HasSubstr("protective MBR written anew")));
  EXPECT_TRUE(disk_.ReadAll() == whole);

  disk_.Write(0, std::vector<uint8_t>(512));
  ASSERT_TRUE(disk_.table().UpdateAttributes(kActivateB)) << "a change restores it too";
  EXPECT_TRUE(Load().IsWhole());
}

TEST_P(FdiskPartitionTableTest, AnMbrWithOtherPartitionsIsNotOverwritten) {
  std::vector<uint8_t> mbr = disk_.Read(0, 512);
  mbr[446 + 4] = 0x83;
  disk_.Write(0, mbr);
  const std::vector<uint8_t> before = disk_.ReadAll();
  EXPECT_EQ(disk_.table().Repair().error().code, ErrorCode::kRefused);
  EXPECT_EQ(disk_.table().UpdateAttributes(kActivateB).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(disk_.ReadAll() == before);
}

TEST_P(FdiskPartitionTableTest, BothCopiesDamagedIsCorruptAndNothingIsWritten) {
  disk_.Damage(disk_.primary_header() + 16);
  disk_.Damage(disk_.backup_entries());
  const std::vector<uint8_t> damaged = disk_.ReadAll();
  const Result<GptTable> table = disk_.table().Load();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(table.error().message,
              HasSubstr("neither copy of the partition table is valid; primary: its header's "
                        "checksum does not match; backup: its entries' checksum does not match"));
  EXPECT_EQ(disk_.table().Repair().error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(disk_.table().UpdateAttributes(kActivateB).error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(disk_.ReadAll() == damaged);
}

TEST_P(FdiskPartitionTableTest, WithoutASignatureThereIsNoTable) {
  disk_.Damage(disk_.primary_header());
  disk_.Damage(disk_.backup_header());
  const Result<GptTable> table = disk_.table().Load();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(table.error().message, HasSubstr("disk.img: the disk has no GUID partition table"));
}

TEST_P(FdiskPartitionTableTest, MissingSlotIsNamed) {
  std::vector<NewPartition> partitions = FactoryPartitions();
  partitions[2].name = "spare";
  ASSERT_TRUE(CreateGpt(disk_.path(), {.sector_size = GetParam(), .partitions = partitions}));
  const Result<> updated = disk_.table().UpdateAttributes(kActivateB);
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(updated.error().message, HasSubstr("disk.img: slot-b: "));
  EXPECT_EQ(AttributesOf(Load(), Slot::kA), (boot::SlotAttributes{1, 0, true}));
}

TEST(FdiskPartitionTable, DuplicateGuidsAreRefused) {
  const DiskFile disk;
  std::vector<NewPartition> partitions = FactoryPartitions();
  partitions[3].unique = partitions[2].unique;
  const Result<GptTable> created = CreateGpt(disk.path(), {.partitions = partitions});
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message, HasSubstr("partition 4 has the same GUID as another one"));
  const std::vector<uint8_t> before = disk.ReadAll();
  EXPECT_EQ(disk.table().Load().error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(disk.table().UpdateAttributes(kActivateB).error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(disk.ReadAll() == before);
}

TEST(FdiskPartitionTable, MissingDiskIsNotFound) {
  FdiskPartitionTable table("/nonexistent/disk.img");
  EXPECT_EQ(table.Load().error().code, ErrorCode::kNotFound);
  EXPECT_THAT(table.Load().error().message, HasSubstr("/nonexistent/disk.img"));
}

TEST(FdiskPartitionTable, SomethingElseIsNoDisk) {
  FdiskPartitionTable table("/dev/null");
  EXPECT_EQ(table.Load().error().code, ErrorCode::kInvalidArgument);
}

TEST(FdiskPartitionTable, AnEmptyFileHasNoTable) {
  const DiskFile disk;
  std::filesystem::resize_file(disk.path(), 0);
  EXPECT_EQ(disk.table().Load().error().code, ErrorCode::kInvalidArgument);
  std::filesystem::resize_file(disk.path(), kMiB);
  EXPECT_EQ(disk.table().Load().error().code, ErrorCode::kNotFound);
}

TEST(FdiskPartitionTable, ADiskThatMayNotBeWrittenIsAnErrorThatNamesIt) {
  if (::geteuid() == 0) {
    // Root may write any file of a folder; a file that is mapped as a running program nobody may.
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
    const SlotChange change[] = {{Slot::kB, {}}};
    const Result<> updated = FdiskPartitionTable(program).UpdateAttributes(change);
    ASSERT_FALSE(updated);
    EXPECT_THAT(updated.error().message, HasSubstr(program.string() + ": Text file busy"));
    return;
  }
  const DiskFile disk;
  std::filesystem::permissions(disk.path(), std::filesystem::perms::owner_read);
  EXPECT_TRUE(disk.table().Load());
  EXPECT_THAT(*disk.table().Repair(), IsEmpty());
  EXPECT_EQ(disk.table().UpdateAttributes(kActivateB).error().code, ErrorCode::kPermission);
}

}  // namespace
}  // namespace matic::gpt
