#include "lib/gpt/gpt_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fakes/fake_partition_table.h"

namespace matic::gpt {
namespace {

using ::testing::HasSubstr;

boot::Partition Named(std::u16string_view name) {
  boot::Partition partition;
  std::ranges::copy(name, partition.name.begin());
  return partition;
}

TEST(PartitionName, IsUtf8) {
  EXPECT_EQ(PartitionName(Named(u"slot-a")), "slot-a");
  EXPECT_EQ(PartitionName(Named(u"")), "");
  EXPECT_EQ(PartitionName(Named(u"größe €")), "größe €");
  EXPECT_EQ(PartitionName(Named(u"\U0001F4BE")), "\U0001F4BE");
  EXPECT_EQ(PartitionName(Named(std::u16string(36, u'x'))), std::string(36, 'x'));
}

TEST(PartitionName, HalfASurrogatePairIsReplaced) {
  const char16_t lead[] = {0xd83d, u'a', 0};
  const char16_t trail[] = {0xdcbe, 0};
  EXPECT_EQ(PartitionName(Named(lead)), "\uFFFDa");
  EXPECT_EQ(PartitionName(Named(trail)), "\uFFFD");
  std::u16string at_end(35, u'x');
  at_end += lead[0];
  EXPECT_EQ(PartitionName(Named(at_end)), std::string(35, 'x') + "\uFFFD");
}

TEST(FindSlot, TakesTypeAndName) {
  GptTable table = fakes::FactoryTable(1024 * 1024);
  EXPECT_EQ(FindSlot(table, boot::Slot::kB)->number, 3u);

  table.partitions[2].type = boot::kStateType;
  const Result<boot::Partition> missing = FindSlot(table, boot::Slot::kB);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("fake disk: slot-b: "));
}

TEST(FindSlot, TwoThatCouldBeMeantAreCorrupt) {
  GptTable table = fakes::FactoryTable(1024 * 1024);
  table.partitions[3].type = boot::kRootType;
  table.partitions[3].name = table.partitions[1].name;
  EXPECT_EQ(FindSlot(table, boot::Slot::kA).error().code, ErrorCode::kCorrupt);

  table = fakes::FactoryTable(1024 * 1024);
  table.partitions[3].unique = table.partitions[1].unique;
  EXPECT_EQ(FindSlot(table, boot::Slot::kA).error().code, ErrorCode::kCorrupt);
}

TEST(GuidToText, IsUpperCase) {
  EXPECT_EQ(GuidToText(boot::kEspType), "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
}

}  // namespace
}  // namespace matic::gpt
