#include "lib/gpt/create_gpt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/lib/gpt/disk_file.h"

namespace matic::gpt {
namespace {

using ::testing::HasSubstr;

class CreateGptTest : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(SectorSizes, CreateGptTest, testing::Values(512, 4096));

TEST_P(CreateGptTest, WritesWhatWasAskedFor) {
  const DiskFile disk(GetParam());
  const Result<GptTable> table = disk.table().Load();
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(table->IsWhole());
  EXPECT_EQ(table->sector_size, GetParam());
  EXPECT_EQ(table->size_bytes, kDiskBytes);
  EXPECT_EQ(GuidToText(table->disk_guid), "09090909-0909-0909-0909-090909090909");

  const std::vector<NewPartition> wanted = FactoryPartitions();
  ASSERT_EQ(table->partitions.size(), wanted.size());
  uint64_t start = kMiB;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const boot::Partition& partition = table->partitions[i];
    EXPECT_EQ(partition.number, i + 1);
    EXPECT_EQ(PartitionName(partition), wanted[i].name);
    EXPECT_EQ(partition.type, wanted[i].type);
    EXPECT_EQ(partition.unique, wanted[i].unique);
    EXPECT_EQ(partition.attributes, wanted[i].attributes);
    EXPECT_EQ(table->StartBytes(partition), start);
    if (wanted[i].size_bytes != 0) {
      EXPECT_EQ(table->SizeBytes(partition), wanted[i].size_bytes);
    }
    start += table->SizeBytes(partition);
  }
  EXPECT_EQ(start, kDiskBytes - kMiB) << "the last one takes what is left";
}

TEST_P(CreateGptTest, SameInputSameBytes) {
  const DiskFile one(GetParam());
  const DiskFile two(GetParam());
  EXPECT_TRUE(one.ReadAll() == two.ReadAll());
}

TEST(CreateGpt, ReplacesAnOlderTable) {
  const DiskFile disk;
  const std::vector<NewPartition> partitions = {FactoryPartitions()[1]};
  const Result<GptTable> table = CreateGpt(disk.path(), {.partitions = partitions});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->partitions.size(), 1u);
}

TEST(CreateGpt, RefusesPartitionsThatDoNotFit) {
  const DiskFile disk;
  std::vector<NewPartition> partitions = FactoryPartitions();
  partitions[2].size_bytes = 60 * kMiB;
  const Result<GptTable> table = CreateGpt(disk.path(), {.partitions = partitions});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(table.error().message, HasSubstr("slot-b: the disk has no room for it"));
}

TEST(CreateGpt, RefusesSizesThatAreNotAligned) {
  const DiskFile disk;
  std::vector<NewPartition> partitions = FactoryPartitions();
  partitions[1].size_bytes += 512;
  EXPECT_EQ(CreateGpt(disk.path(), {.partitions = partitions}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(CreateGpt, RefusesADiskTooSmallForATable) {
  const DiskFile disk;
  std::filesystem::resize_file(disk.path(), 4096);
  const Result<GptTable> table = CreateGpt(disk.path(), {});
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().message, HasSubstr("too small"));
}

}  // namespace
}  // namespace matic::gpt
