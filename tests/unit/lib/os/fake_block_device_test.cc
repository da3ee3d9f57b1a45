// What tests elsewhere rely on when they cut the power.
#include "tests/fakes/fake_block_device.h"

#include <gtest/gtest.h>

namespace matic::fakes {
namespace {

constexpr size_t kSector = 512;

std::vector<uint8_t> Sectors(size_t count, uint8_t value) {
  return std::vector<uint8_t>(count * kSector, value);
}

// The first byte of each of the first sectors.
std::vector<int> Firsts(const std::vector<uint8_t>& content, size_t count) {
  std::vector<int> firsts;
  for (size_t i = 0; i < count; ++i) firsts.push_back(content[i * kSector]);
  return firsts;
}

class FakeBlockDeviceTest : public testing::Test {
 protected:
  // Sector 0 flushed as 1, then 0 to 1 and 2 to 3 written without a flush.
  std::vector<int> AfterCut(Loss loss, uint32_t seed = 0) {
    FakeBlockDevice disk(8 * kSector);
    disk.CutPowerAt(3, loss, seed);
    EXPECT_TRUE(disk.Write(0, Sectors(1, 1)));
    EXPECT_TRUE(disk.Flush());
    EXPECT_TRUE(disk.Write(0, Sectors(2, 2)));
    EXPECT_FALSE(disk.Write(2 * kSector, Sectors(2, 3)));
    EXPECT_FALSE(disk.Flush());
    disk.PowerOn();
    EXPECT_FALSE(disk.has_unflushed());
    return Firsts(disk.content(), 4);
  }
};

TEST_F(FakeBlockDeviceTest, LosesTearsAndReorders) {
  using Content = std::vector<int>;
  EXPECT_EQ(AfterCut(Loss::kAllLost), (Content{1, 0, 0, 0}));
  EXPECT_EQ(AfterCut(Loss::kAllKept), (Content{2, 2, 3, 3}));
  EXPECT_EQ(AfterCut(Loss::kLastTorn), (Content{2, 2, 3, 0}));
  bool later_without_earlier = false;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const Content content = AfterCut(Loss::kReordered, seed);
    later_without_earlier |= content[0] == 1 && content[2] == 3;
    EXPECT_EQ(AfterCut(Loss::kReordered, seed), content) << "the same seed, the same loss";
  }
  EXPECT_TRUE(later_without_earlier);
}

TEST_F(FakeBlockDeviceTest, AFlushCutOffFlushesNothing) {
  FakeBlockDevice disk(8 * kSector);
  disk.CutPowerAt(1, Loss::kAllLost);
  ASSERT_TRUE(disk.Write(0, Sectors(1, 1)));
  EXPECT_FALSE(disk.Flush());
  disk.PowerOn();
  EXPECT_EQ(disk.content()[0], 0);
}

TEST_F(FakeBlockDeviceTest, BadRanges) {
  FakeBlockDevice disk(8 * kSector);
  disk.AddBadRange(kSector, 1, BadRangeKind::kReadFails);
  disk.AddBadRange(2 * kSector, 1, BadRangeKind::kWriteFails);
  disk.AddBadRange(3 * kSector, 1, BadRangeKind::kWriteIsLost);
  std::vector<uint8_t> buffer = Sectors(1, 7);
  EXPECT_TRUE(disk.Write(kSector, buffer));
  EXPECT_EQ(disk.Read(kSector, buffer).error().code, ErrorCode::kIo);
  EXPECT_EQ(disk.Write(2 * kSector, buffer).error().code, ErrorCode::kIo);
  EXPECT_TRUE(disk.Write(3 * kSector, buffer));
  EXPECT_TRUE(disk.Read(3 * kSector, buffer));
  EXPECT_EQ(buffer[0], 0);
  EXPECT_EQ(disk.Write(8 * kSector - 1, buffer).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(disk.operations().size(), 6u);
}

}  // namespace
}  // namespace matic::fakes
