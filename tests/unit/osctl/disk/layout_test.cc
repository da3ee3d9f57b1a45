#include "osctl/disk/layout.h"

#include <gtest/gtest.h>

#include <string>

namespace matic::osctl {
namespace {

constexpr uint64_t kMiB = kMebibyte;

TEST(PlanDisk, GivesAQuarterToTheStateAndTheRestToTheSlots) {
  const auto layout = PlanDisk({.disk = 2048 * kMiB, .largest_image = 100 * kMiB});
  ASSERT_TRUE(layout) << layout.error().message;
  EXPECT_EQ(layout->slot, 743 * kMiB);
  EXPECT_EQ(layout->state, 496 * kMiB);
}

TEST(PlanDisk, UsesAllOfTheDiskButTheTables) {
  for (uint64_t disk : {300 * kMiB, 512 * kMiB, 2048 * kMiB, 64 * 1024 * kMiB}) {
    const auto layout = PlanDisk({.disk = disk});
    ASSERT_TRUE(layout) << layout.error().message;
    EXPECT_EQ(layout->slot % kPartitionAlignment, 0u);
    EXPECT_EQ(2 * layout->slot + layout->state + kEspBytes + 2 * kMiB, disk);
    EXPECT_GE(layout->state, kSmallestStateBytes);
  }
}

TEST(PlanDisk, AnAskedSlotSizeIsRoundedUpToAMebibyte) {
  const auto layout = PlanDisk({.disk = 1024 * kMiB, .slot = 100 * kMiB + 1});
  ASSERT_TRUE(layout) << layout.error().message;
  EXPECT_EQ(layout->slot, 101 * kMiB);
}

TEST(PlanDisk, ADiskThatEndsWithinAMebibyteLosesThatPart) {
  const auto layout = PlanDisk({.disk = 512 * kMiB + 512});
  ASSERT_TRUE(layout) << layout.error().message;
  EXPECT_EQ(2 * layout->slot + layout->state + kEspBytes + 2 * kMiB, 512 * kMiB);
}

TEST(PlanDisk, AnImageMayFillItsSlotAndNotMore) {
  EXPECT_TRUE(PlanDisk({1024 * kMiB, 100 * kMiB, 100 * kMiB}));
  const auto layout = PlanDisk({1024 * kMiB, 100 * kMiB, 100 * kMiB + 4096});
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, ErrorCode::kInvalidArgument);
  for (const char* number : {"104861696", "104857600", "1073741824"}) {
    EXPECT_NE(layout.error().message.find(number), std::string::npos) << layout.error().message;
  }
}

TEST(PlanDisk, RefusesADiskThatIsTooSmallAndSaysWhatItTakes) {
  const DiskSizes sizes[] = {{.disk = 0},
                             {.disk = 512},
                             {.disk = 64 * kMiB},
                             {.disk = 131 * kMiB},
                             {.disk = 512 * kMiB, .slot = 300 * kMiB},
                             {.disk = 512 * kMiB, .slot = 512 * kMiB},
                             {.disk = 512 * kMiB, .slot = UINT64_MAX},
                             {.disk = 512 * kMiB, .slot = UINT64_MAX / 2}};
  for (const DiskSizes& size : sizes) {
    const auto layout = PlanDisk(size);
    ASSERT_FALSE(layout) << size.disk << " " << size.slot;
    EXPECT_NE(layout.error().message.find("take at least"), std::string::npos)
        << layout.error().message;
  }
}

TEST(PlanDisk, RefusesADiskOfHalfASector) {
  EXPECT_EQ(PlanDisk({.disk = 512 * kMiB + 100}).error().code, ErrorCode::kInvalidArgument);
}

TEST(PlanDisk, TheSmallestDiskOfAllIsTheOneThatIsNamed) {
  const auto refused = PlanDisk({.disk = 131 * kMiB});
  ASSERT_FALSE(refused);
  const uint64_t named = (2 + 64 + 2 + 64) * kMiB;
  EXPECT_NE(refused.error().message.find(std::to_string(named)), std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(PlanDisk({.disk = named}));
}

TEST(PlanDisk, TheSmallestDiskForASlotIsTheOneThatIsNamed) {
  const auto refused = PlanDisk({.disk = 200 * kMiB, .slot = 100 * kMiB});
  ASSERT_FALSE(refused);
  const uint64_t named = (2 + 64 + 200 + 16) * kMiB;
  EXPECT_NE(refused.error().message.find(std::to_string(named)), std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(PlanDisk({.disk = named, .slot = 100 * kMiB}));
  EXPECT_FALSE(PlanDisk({.disk = named - 512, .slot = 100 * kMiB}));
}

}  // namespace
}  // namespace matic::osctl
