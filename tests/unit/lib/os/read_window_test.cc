#include "lib/os/read_window.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "tests/fakes/fake_block_device.h"

namespace matic {
namespace {

class ReadWindowTest : public testing::Test {
 protected:
  ReadWindowTest() {
    std::iota(content_.begin(), content_.end(), uint8_t{0});
    device_.Put(0, content_);
  }

  std::vector<uint8_t> content_ = std::vector<uint8_t>(10 * 4096 + 512);
  fakes::FakeBlockDevice device_{10 * 4096 + 512};
  ReadWindow window_{device_, 4 * 4096};
};

TEST_F(ReadWindowTest, GivesWhatTheDeviceHas) {
  for (const uint64_t offset : {0, 1, 5000, 4095, 20000, 3, 40960, 41471}) {
    const size_t length = std::min<size_t>(700, content_.size() - offset);
    const auto read = window_.Read(offset, length);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(
        std::equal(read->begin(), read->end(), content_.begin() + static_cast<ptrdiff_t>(offset)))
        << offset;
  }
}

TEST_F(ReadWindowTest, ReadsTheDeviceOnceForWhatLiesTogether) {
  for (uint64_t offset = 8192; offset + 100 < 8192 + 4 * 4096; offset += 100) {
    ASSERT_TRUE(window_.Read(offset, 100));
  }
  EXPECT_EQ(device_.operations().size(), 1U);
}

TEST_F(ReadWindowTest, RefusesWhatIsBeyondTheEnd) {
  EXPECT_EQ(window_.Read(content_.size(), 1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(window_.Read(UINT64_MAX, 2).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(window_.Read(content_.size(), 0));
}

TEST_F(ReadWindowTest, KeepsNothingOfAReadThatFailed) {
  device_.AddBadRange(0, 512, fakes::BadRangeKind::kReadFails);
  EXPECT_EQ(window_.Read(100, 10).error().code, ErrorCode::kIo);
  EXPECT_EQ(window_.Read(600, 10).error().code, ErrorCode::kIo);
  ASSERT_TRUE(window_.Read(4096, 10));
}

}  // namespace
}  // namespace matic
