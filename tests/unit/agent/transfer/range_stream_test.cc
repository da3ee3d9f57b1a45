#include "agent/transfer/range_stream.h"

#include <gmock/gmock.h>

#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/transfer/noise.h"

namespace matic::transfer {
namespace {

constexpr char kUrl[] = "https://cdn.example.com/os.squashfs";

class RangeStreamTest : public testing::Test {
 protected:
  RangeStreamTest() { http_.Put(kUrl, content_); }

  Result<std::vector<uint8_t>> ReadAll(const std::vector<delta::ByteRange>& ranges) {
    RangeStream stream(http_, {kUrl, content_.size()}, ranges, {.retries = 2}, clock_,
                       stop_.get_token());
    size_t bytes = 0;
    for (const auto& range : ranges) bytes += range.length;
    std::vector<uint8_t> read(bytes);
    // In pieces that have nothing to do with the ranges.
    for (size_t at = 0; at < bytes; at += 777) {
      MATIC_TRY(stream.Read(std::span(read).subspan(at, std::min<size_t>(777, bytes - at))));
    }
    return read;
  }

  std::vector<uint8_t> Expected(const std::vector<delta::ByteRange>& ranges) const {
    std::vector<uint8_t> bytes;
    for (const auto& range : ranges) {
      const auto begin = content_.begin() + static_cast<ptrdiff_t>(range.offset);
      bytes.insert(bytes.end(), begin, begin + static_cast<ptrdiff_t>(range.length));
    }
    return bytes;
  }

  fakes::FakeHttpClient http_;
  fakes::ManualClock clock_{fakes::ManualClock::Waits::kPass};
  std::stop_source stop_;
  const std::vector<uint8_t> content_ = Noise(1'000'000, 5);
};

TEST_F(RangeStreamTest, GivesTheRangesInTheirOrder) {
  std::vector<delta::ByteRange> ranges;
  for (uint64_t at = 0; at < 900'000; at += 30'000) ranges.push_back({at, 20'001});
  const auto read = ReadAll(ranges);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, Expected(ranges));
  EXPECT_EQ(http_.bytes_sent(), read->size());
}

TEST_F(RangeStreamTest, ABrokenOneGoesOnWhereItBroke) {
  http_.AddMishap({.cut_after = 70'000});
  const auto read = ReadAll({{100, 150'000}});
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, Expected({{100, 150'000}}));
  EXPECT_EQ(http_.requests().back().offset, 70'100u);
  EXPECT_EQ(http_.bytes_sent(), 150'000u);
}

TEST_F(RangeStreamTest, GivesUpOnAServerThatNeverGetsAnywhere) {
  for (int i = 0; i < 3; ++i) http_.AddMishap({.cut_after = 10});
  const auto read = ReadAll({{0, 1000}});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kUnavailable);
}

TEST_F(RangeStreamTest, AServerWithoutRangesIsRefused) {
  http_.AddMishap({.ignores_range = true});
  const auto read = ReadAll({{0, 1000}});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kRefused);
}

TEST_F(RangeStreamTest, AFileOfAnotherSizeIsAnotherFile) {
  http_.Put(kUrl, Noise(content_.size() - 1, 6));
  const auto read = ReadAll({{0, 1000}});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
}

TEST_F(RangeStreamTest, ALargerFileIsAnotherOneToo) {
  http_.Put(kUrl, Noise(content_.size() + 1, 6));
  const auto read = ReadAll({{0, 1000}});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
}

TEST_F(RangeStreamTest, AnErrorBehindTheLastByteIsNone) {
  http_.AddMishap({.fails_at_end = true});
  const auto read = ReadAll({{100, 1000}});
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, Expected({{100, 1000}}));
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(RangeStreamTest, StopsWhileTheServerStalls) {
  http_.AddMishap({.cut_after = 10, .stalls = true});
  std::jthread stopper([this] { stop_.request_stop(); });
  const auto read = ReadAll({{0, 1000}});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kCancelled);
}

TEST_F(RangeStreamTest, ThereIsNothingBeyondTheLast) {
  RangeStream stream(http_, {kUrl, content_.size()}, {{0, 10}}, {}, clock_, {});
  std::vector<uint8_t> bytes(11);
  const auto read = stream.Read(bytes);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::transfer
