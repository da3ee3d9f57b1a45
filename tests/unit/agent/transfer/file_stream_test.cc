#include "agent/transfer/file_stream.h"

#include <gmock/gmock.h>

#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/transfer/noise.h"

namespace matic::transfer {
namespace {

constexpr char kUrl[] = "https://cdn.example.com/os.patch";

class FileStreamTest : public testing::Test {
 protected:
  FileStreamTest() { http_.Put(kUrl, content_); }

  FileStream Open(uint64_t max_bytes, std::stop_token stop = {}) {
    return {http_, kUrl, max_bytes, {.retries = 1}, clock_, std::move(stop)};
  }
  static Result<std::vector<uint8_t>> ReadAll(FileStream& stream) {
    std::vector<uint8_t> all;
    std::vector<uint8_t> piece(12'345);
    while (true) {
      MATIC_ASSIGN(const size_t count, stream.Read(piece));
      if (count == 0) return all;
      all.insert(all.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(count));
    }
  }

  fakes::FakeHttpClient http_;
  fakes::ManualClock clock_{fakes::ManualClock::Waits::kPass};
  // More than is fetched ahead.
  const std::vector<uint8_t> content_ = Noise(FileStream::kAheadBytes + 1'000'000, 7);
};

TEST_F(FileStreamTest, GivesTheFile) {
  FileStream stream = Open(content_.size());
  const auto read = ReadAll(stream);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, content_);
  EXPECT_EQ(stream.BytesToCome(), 0u);
}

TEST_F(FileStreamTest, FetchesNoMoreThanTheFirstPartUntilThatIsRead) {
  FileStream stream = Open(content_.size());
  (void)stream.AwaitBytesPerSecond();
  std::vector<uint8_t> some(1000);
  ASSERT_TRUE(stream.Read(some).has_value());
  EXPECT_LE(http_.bytes_sent(), FileStream::kFirstBytes);
  ASSERT_TRUE(ReadAll(stream).has_value());
  EXPECT_EQ(http_.requests().size(), 2u);
}

TEST_F(FileStreamTest, ASmallFileIsOnePart) {
  http_.Put(kUrl, Noise(1000, 1));
  FileStream stream = Open(1000);
  EXPECT_EQ(ReadAll(stream)->size(), 1000u);
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(FileStreamTest, AFileOfJustTheFirstPartIsComplete) {
  http_.Put(kUrl, Noise(FileStream::kFirstBytes, 1));
  FileStream stream = Open(FileStream::kFirstBytes);
  EXPECT_EQ(ReadAll(stream)->size(), FileStream::kFirstBytes);
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(FileStreamTest, AnErrorBehindTheLastByteOfAPartIsNone) {
  http_.AddMishap({.fails_at_end = true});
  http_.AddMishap({.fails_at_end = true});
  FileStream stream = Open(content_.size());
  EXPECT_TRUE(*ReadAll(stream) == content_);
  EXPECT_EQ(http_.requests().size(), 2u);
}

TEST_F(FileStreamTest, GoesOnAfterABreak) {
  http_.AddMishap({.cut_after = 150'000});
  http_.AddMishap({});
  http_.AddMishap({.cut_after = 1'500'000});
  FileStream stream = Open(content_.size());
  const auto read = ReadAll(stream);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, content_);
}

TEST_F(FileStreamTest, AServerWithoutPartsGivesTheWhole) {
  http_.AddMishap({.ignores_range = true});
  FileStream stream = Open(content_.size());
  (void)stream.AwaitBytesPerSecond();
  const auto read = ReadAll(stream);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, content_);
  EXPECT_EQ(http_.requests().size(), 2u);
}

TEST_F(FileStreamTest, AFileThatBeginsAnewIsOfNoUse) {
  http_.AddMishap({});
  http_.AddMishap({.ignores_range = true});
  FileStream stream = Open(content_.size());
  const auto read = ReadAll(stream);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
}

TEST_F(FileStreamTest, TakesNoMoreThanItMay) {
  FileStream stream = Open(1000);
  const auto read = ReadAll(stream);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(FileStreamTest, EndsWhileNobodyReads) {
  std::stop_source stop;
  FileStream stream = Open(content_.size(), stop.get_token());
  stop.request_stop();
  const auto read = ReadAll(stream);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace matic::transfer
