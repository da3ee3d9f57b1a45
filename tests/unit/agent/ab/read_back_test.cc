#include "agent/ab/read_back.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "tests/fakes/fake_block_device.h"

namespace matic::ab {
namespace {

using fakes::FakeBlockDevice;
using Kind = FakeBlockDevice::Kind;
using testing::ElementsAre;

constexpr size_t kBlock = Chunk::kBlock;
constexpr size_t kWindow = 4 * kBlock;

class ReadBackTest : public testing::Test {
 protected:
  // Of two blocks each.
  bool WriteAndNote(uint64_t index, std::stop_token stop = {}) {
    chunk_.offset = index * memory_.size();
    chunk_.size = memory_.size();
    chunk_.left_alone.assign(2, false);
    std::ranges::fill(memory_, static_cast<uint8_t>(index + 1));
    EXPECT_TRUE(disk_.Write(chunk_.offset, memory_).has_value());
    return read_back_.Note(chunk_, std::move(stop));
  }
  // Bytes that were read behind each flush.
  std::vector<uint64_t> Windows() const {
    std::vector<uint64_t> windows;
    for (const auto& operation : disk_.operations()) {
      if (operation.kind == Kind::kFlush) windows.push_back(0);
      if (operation.kind == Kind::kRead) windows.back() += operation.length;
    }
    return windows;
  }

  FakeBlockDevice disk_{1024 * 1024};
  std::vector<uint8_t> memory_ = std::vector<uint8_t>(2 * kBlock);
  Chunk chunk_{memory_};
  ReadBack read_back_{disk_, kWindow};
};

TEST_F(ReadBackTest, ReadsWindowsOfTheSameSizeAndTheRest) {
  std::jthread reader([&] { EXPECT_TRUE(read_back_.Run({}).has_value()); });
  for (uint64_t i = 0; i < 5; ++i) EXPECT_TRUE(WriteAndNote(i));
  read_back_.Close();
  reader.join();
  EXPECT_THAT(Windows(), ElementsAre(kWindow, kWindow, 2 * kBlock));
}

TEST_F(ReadBackTest, DrainedMeansReadBack) {
  std::jthread reader([&] { EXPECT_TRUE(read_back_.Run({}).has_value()); });
  EXPECT_TRUE(WriteAndNote(0));
  EXPECT_TRUE(read_back_.Drain({}));
  EXPECT_THAT(Windows(), ElementsAre(2 * kBlock));
  EXPECT_TRUE(WriteAndNote(1));
  EXPECT_TRUE(WriteAndNote(0)) << "which may be another content now";
  read_back_.Close();
  reader.join();
  EXPECT_THAT(Windows(), ElementsAre(2 * kBlock, kWindow));
}

TEST_F(ReadBackTest, TheWriterIsHeldBackTwoWindowsAhead) {
  for (uint64_t i = 0; i < 4; ++i) EXPECT_TRUE(WriteAndNote(i));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(WriteAndNote(4, stop.get_token())) << "nobody reads";
}

TEST_F(ReadBackTest, WhatIsLeftAloneIsNotRead) {
  chunk_.offset = 0;
  chunk_.size = memory_.size();
  chunk_.left_alone = {true, true};
  EXPECT_TRUE(read_back_.Note(chunk_, {}));
  read_back_.Close();
  EXPECT_TRUE(read_back_.Run({}).has_value());
  EXPECT_THAT(Windows(), ElementsAre());
}

TEST_F(ReadBackTest, OtherBytesAreToldOf) {
  EXPECT_TRUE(WriteAndNote(3));
  disk_.Put(7 * kBlock + 4095, std::vector<uint8_t>{0});
  read_back_.Close();
  const auto read = read_back_.Run({});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kIo);
  EXPECT_THAT(read.error().message, testing::HasSubstr("read back at 24576 of the slot differs"));
}

TEST_F(ReadBackTest, AStopEndsTheReading) {
  std::stop_source stop;
  std::jthread reader([&] { EXPECT_TRUE(read_back_.Run(stop.get_token()).has_value()); });
  EXPECT_TRUE(WriteAndNote(0));
  stop.request_stop();
  reader.join();
  EXPECT_FALSE(read_back_.Drain(stop.get_token())) << "what was noted was not read";
}

}  // namespace
}  // namespace matic::ab
