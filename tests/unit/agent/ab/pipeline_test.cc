#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <functional>

#include "agent/ab/stage_image.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/ab/tiny_image.h"

namespace matic::ab {
namespace {

using fakes::FakeBlockDevice;
using testing::HasSubstr;
using Kind = FakeBlockDevice::Kind;

constexpr size_t kBlock = 4096;
constexpr size_t kBufferBytes = 64 * 1024;
constexpr size_t kChunkBytes = kBufferBytes / 2;
constexpr uint64_t kSlotBytes = 2 * 1024 * 1024;

// A slot that is asked first what becomes of an operation, and may return other bytes than it was
// given.
class OddSlot final : public BlockDevice {
 public:
  Result<> Read(uint64_t offset, std::span<uint8_t> buffer) override {
    MATIC_TRY(before({Kind::kRead, offset, buffer.size()}));
    MATIC_TRY(disk.Read(offset, buffer));
    if (flips && *flips >= offset && *flips - offset < buffer.size()) buffer[*flips - offset] ^= 1;
    return {};
  }
  Result<> Write(uint64_t offset, std::span<const uint8_t> bytes) override {
    MATIC_TRY(before({Kind::kWrite, offset, bytes.size()}));
    return disk.Write(offset, bytes);
  }
  Result<> Flush() override {
    MATIC_TRY(before({Kind::kFlush}));
    return disk.Flush();
  }
  uint64_t size() const override { return disk.size(); }

  FakeBlockDevice disk{kSlotBytes};
  std::function<Result<>(const FakeBlockDevice::Operation&)> before = [](const auto&) {
    return Result<>();
  };
  std::optional<uint64_t> flips;
};

using Script = std::function<Result<>(transfer::ImageSink&)>;

class ScriptedSource final : public transfer::ImageSource {
 public:
  explicit ScriptedSource(Script script) : script_(std::move(script)) {}
  Result<> Fetch(const transfer::FetchFrom&, uint64_t, transfer::ImageSink& sink,
                 std::stop_token) override {
    return script_(sink);
  }

 private:
  Script script_;
};

class PipelineTest : public testing::Test {
 protected:
  struct Options {
    bool hash = true;
    bool read_back = true;
  };
  Result<WrittenImage> Stage(const Script& script) { return Stage(script, Options{}); }
  Result<WrittenImage> Stage(const Script& script, Options options, std::stop_token stop = {}) {
    ScriptedSource source(script);
    const StageJob job{.source = source,
                       .slot = slot_,
                       .sha256 = sha256_,
                       .max_bytes = kSlotBytes,
                       .buffer_bytes = kBufferBytes,
                       .make_unbootable = [] { return Result<>(); },
                       .clock = clock_,
                       .hash = options.hash,
                       .read_back = options.read_back,
                       .window_bytes = 4 * kChunkBytes};
    return StageImage(
        job, [](const engine::StageProgress&) {}, std::move(stop));
  }
  // In pieces that no block ends with.
  Result<> WriteAll(transfer::ImageSink& sink) const { return WriteFrom(sink, 0, image_.size()); }
  Result<> WriteFrom(transfer::ImageSink& sink, size_t begin, size_t end) const {
    for (size_t at = begin; at < end; at += 9'999) {
      MATIC_TRY(sink.Write(std::span(image_).subspan(at, std::min<size_t>(9'999, end - at))));
    }
    return {};
  }
  void ExpectImageInSlot() const {
    const auto content = slot_.disk.durable();
    EXPECT_TRUE(std::equal(image_.begin(), image_.end(), content.begin()));
  }
  void ExpectNothingToStart() const {
    const auto content = slot_.disk.content();
    EXPECT_TRUE(std::all_of(content.begin(), content.begin() + kBlock,
                            [](uint8_t byte) { return byte == 0; }));
  }
  // Bytes of the operations of a kind behind the first block.
  uint64_t BytesBehindFirstBlock(Kind kind) const {
    uint64_t bytes = 0;
    for (const auto& operation : slot_.disk.operations()) {
      if (operation.kind == kind && operation.offset > 0) bytes += operation.length;
    }
    return bytes;
  }

  const std::vector<uint8_t> image_ = MakeImage({});
  crypto::Digest sha256_ = crypto::Sha256Of(image_);
  fakes::ManualClock clock_{fakes::ManualClock::Waits::kPass};
  OddSlot slot_;
};

TEST_F(PipelineTest, WritesOnceAndReadsBackOnce) {
  const auto staged = Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); });
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  ExpectImageInSlot();
  EXPECT_EQ(BytesBehindFirstBlock(Kind::kWrite), image_.size() - kBlock);
}

TEST_F(PipelineTest, WhatIsReadBackWasFlushedBefore) {
  std::vector<bool> unflushed(kSlotBytes / kBlock);
  uint64_t read = 0;
  std::mutex mutex;
  slot_.before = [&](const FakeBlockDevice::Operation& operation) -> Result<> {
    const std::scoped_lock lock(mutex);
    const auto blocks = [&](auto each) {
      const uint64_t end = (operation.offset + operation.length + kBlock - 1) / kBlock;
      for (uint64_t i = operation.offset / kBlock; i < end; ++i) each(i);
    };
    if (operation.kind == Kind::kFlush) unflushed.assign(unflushed.size(), false);
    if (operation.kind == Kind::kWrite) blocks([&](uint64_t i) { unflushed[i] = true; });
    if (operation.kind == Kind::kRead) {
      blocks([&](uint64_t i) { EXPECT_FALSE(unflushed[i]) << i; });
      read += operation.length;
    }
    return {};
  };
  ASSERT_TRUE(Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); }).has_value());
  EXPECT_GE(read, image_.size());
}

TEST_F(PipelineTest, ADeviceThatReturnsOtherBytesIsNoticed) {
  for (const uint64_t where : {kBlock, size_t{700'001}, image_.size() - 1}) {
    slot_.flips = where;
    const auto staged = Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); });
    ASSERT_FALSE(staged.has_value()) << where;
    EXPECT_EQ(staged.error().code, ErrorCode::kIo);
    const uint64_t begin = std::max<uint64_t>(where / kChunkBytes * kChunkBytes, kBlock);
    EXPECT_THAT(staged.error().message,
                HasSubstr("read back at " + std::to_string(begin) + " of the slot differs"));
    ExpectNothingToStart();
  }
}

TEST_F(PipelineTest, WithoutReadBackNothingButTheImagesStructureIsRead) {
  slot_.flips = 700'001;
  const auto staged =
      Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); }, {.read_back = false});
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  ExpectImageInSlot();
  EXPECT_LT(BytesBehindFirstBlock(Kind::kRead), image_.size() / 4);
}

// Bytes that the slot holds already.

TEST_F(PipelineTest, WhatIsInPlaceIsNeitherWrittenNorReadBack) {
  slot_.disk.Put(0, image_);
  const size_t in_place = 10'000;  // from within the third block
  const size_t again = 600'000;    // within another one
  const auto staged = Stage([&](transfer::ImageSink& sink) -> Result<> {
    MATIC_TRY(WriteFrom(sink, 0, in_place));
    MATIC_TRY(sink.WriteInPlace(std::span(image_).subspan(in_place, again - in_place)));
    return WriteFrom(sink, again, image_.size());
  });
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  ExpectImageInSlot();
  for (const auto& operation : slot_.disk.operations()) {
    if (operation.kind == Kind::kFlush || operation.offset == 0) continue;
    EXPECT_TRUE(operation.offset + operation.length <= 3 * kBlock ||
                operation.offset >= again / kBlock * kBlock)
        << operation.offset << " " << operation.length;
  }
  EXPECT_EQ(BytesBehindFirstBlock(Kind::kWrite),
            2 * kBlock + image_.size() - again / kBlock * kBlock);
}

TEST_F(PipelineTest, WhereAllIsInPlaceTheFirstBlockAloneIsWritten) {
  slot_.disk.Put(0, image_);
  const auto staged = Stage([&](transfer::ImageSink& sink) { return sink.WriteInPlace(image_); });
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  ExpectImageInSlot();
  EXPECT_EQ(BytesBehindFirstBlock(Kind::kWrite), 0u);
}

TEST_F(PipelineTest, WhatIsInPlaceIsHashedToo) {
  auto other = image_;
  other[900'000] ^= 1;
  slot_.disk.Put(0, other);
  const auto staged = Stage([&](transfer::ImageSink& sink) { return sink.WriteInPlace(other); });
  ASSERT_FALSE(staged.has_value());
  EXPECT_THAT(staged.error().message, HasSubstr("sha256 mismatch"));
  ExpectNothingToStart();
}

TEST_F(PipelineTest, ASourceThatHasCheckedEveryByteNeedsNoHash) {
  sha256_ = {};
  const auto staged =
      Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); }, {.hash = false});
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  EXPECT_EQ(staged->digest, sha256_) << "what was asked for is told";
  ExpectImageInSlot();
  slot_.flips = 700'001;
  EXPECT_FALSE(
      Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); }, {.hash = false}).has_value())
      << "it is read back all the same";
}

// An image that begins anew.

TEST_F(PipelineTest, ARestartIsNoDifference) {
  const auto other = MakeImage({.version = "3.0", .seed = 7});
  for (size_t fetched = 0; fetched <= other.size(); fetched += 77'777) {
    const auto staged = Stage([&](transfer::ImageSink& sink) -> Result<> {
      MATIC_TRY(sink.Write(std::span(other).first(fetched)));
      sink.Restart();
      return WriteAll(sink);
    });
    ASSERT_TRUE(staged.has_value()) << fetched << ": " << staged.error().message;
    ExpectImageInSlot();
  }
}

TEST_F(PipelineTest, ASourceThatEndsEarly) {
  for (const size_t bytes : {size_t{1}, kBlock, size_t{600'000}, image_.size() - 1}) {
    const auto staged = Stage([&](transfer::ImageSink& sink) { return WriteFrom(sink, 0, bytes); });
    ASSERT_FALSE(staged.has_value()) << bytes;
    EXPECT_EQ(staged.error().code, ErrorCode::kCorrupt);
  }
  const auto nothing = Stage([&](transfer::ImageSink& sink) -> Result<> {
    MATIC_TRY(WriteFrom(sink, 0, 600'000));
    sink.Restart();
    return {};
  });
  ASSERT_FALSE(nothing.has_value());
  EXPECT_THAT(nothing.error().message, HasSubstr("the source ended after 0 bytes"));
  ExpectNothingToStart();
}

// What goes wrong, at every operation there is.

TEST_F(PipelineTest, AnErrorAtAnyOperationIsTheEnd) {
  ASSERT_TRUE(Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); }).has_value());
  const size_t all = slot_.disk.operations().size();
  for (size_t n = 0; n < all; ++n) {
    std::atomic<size_t> count = 0;
    slot_.before = [&](const auto&) -> Result<> {
      if (count++ != n) return {};
      return Fail(ErrorCode::kIo, "the one that fails");
    };
    const auto staged = Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); });
    ASSERT_FALSE(staged.has_value()) << n;
    EXPECT_EQ(staged.error().message, "the one that fails");
  }
}

TEST_F(PipelineTest, AStopAtAnyOperation) {
  ASSERT_TRUE(Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); }).has_value());
  const size_t all = slot_.disk.operations().size();
  size_t cancelled = 0;
  for (size_t n = 0; n < all; ++n) {
    std::stop_source stop;
    std::atomic<size_t> count = 0;
    slot_.before = [&](const auto&) -> Result<> {
      if (count++ == n) stop.request_stop();
      return {};
    };
    const auto staged =
        Stage([&](transfer::ImageSink& sink) { return WriteAll(sink); }, {}, stop.get_token());
    if (staged) {
      ExpectImageInSlot();  // it was as good as done
      continue;
    }
    EXPECT_EQ(staged.error().code, ErrorCode::kCancelled) << staged.error().message;
    ExpectNothingToStart();
    ++cancelled;
  }
  EXPECT_GT(cancelled, all / 2);
}

TEST_F(PipelineTest, NoMoreIsInMemoryThanTheBufferHolds) {
  std::atomic<uint64_t> given = 0;
  slot_.before = [&](const FakeBlockDevice::Operation& operation) -> Result<> {
    if (operation.kind != Kind::kWrite || operation.offset == 0) return {};
    EXPECT_LE(given.load(), operation.offset + kBufferBytes);
    return {};
  };
  const auto staged = Stage([&](transfer::ImageSink& sink) -> Result<> {
    for (size_t at = 0; at < image_.size(); at += kBlock) {
      MATIC_TRY(sink.Write(std::span(image_).subspan(at, kBlock)));
      given += kBlock;
    }
    return {};
  });
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
}

}  // namespace
}  // namespace matic::ab
