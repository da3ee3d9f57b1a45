#include "agent/ab/chunk_ring.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace matic::ab {
namespace {

constexpr size_t kBlock = Chunk::kBlock;

// Does with every chunk what `stage` would; how many there were.
uint64_t PassOn(ChunkRing& ring, Stage stage) {
  uint64_t count = 0;
  while (Chunk* chunk = ring.Next(stage, {})) {
    EXPECT_EQ(chunk->offset, count++);
    ring.Done(stage);
  }
  return count;
}

void Give(ChunkRing& ring, uint64_t offset) {
  ring.TakeEmpty({})->offset = offset;
  ring.GiveFull();
}

TEST(ChunkRing, HandsChunksToAllStagesInOrder) {
  ChunkRing ring(64 * 1024);
  EXPECT_EQ(ring.chunk_bytes(), 32u * 1024);
  std::jthread fetch([&ring] {
    for (uint64_t i = 0; i < 1000; ++i) Give(ring, i);
    ring.Close();
  });
  std::jthread hash([&ring] { EXPECT_EQ(PassOn(ring, Stage::kHash), 1000u); });
  EXPECT_EQ(PassOn(ring, Stage::kWrite), 1000u);
}

TEST(ChunkRing, HasTheLeastChunksInAnyMemory) {
  ChunkRing ring(1);
  EXPECT_EQ(ring.chunk_bytes(), kBlock);
  for (size_t i = 0; i < ChunkRing::kLeastChunks; ++i) Give(ring, i);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(ring.TakeEmpty(stop.get_token()), nullptr) << "all of them are full";
}

// The stage that is furthest behind holds the filling side back.
// The stage that is further behind holds the filling side back.
TEST(ChunkRing, AChunkIsFilledAnewWhenEveryStageHasDoneWithIt) {
  for (const auto& [first, last] :
       {std::pair(Stage::kHash, Stage::kWrite), std::pair(Stage::kWrite, Stage::kHash)}) {
    ChunkRing ring(1);
    for (size_t i = 0; i < ChunkRing::kLeastChunks; ++i) Give(ring, i);
    ASSERT_NE(ring.Next(first, {}), nullptr);
    ring.Done(first);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(ring.TakeEmpty(stop.get_token()), nullptr);
    const Chunk* chunk = ring.Next(last, {});
    ring.Done(last);
    EXPECT_EQ(ring.TakeEmpty({}), chunk);
  }
}

TEST(ChunkRing, AStageThatThereIsNotHoldsNothingBack) {
  ChunkRing ring(1);
  ring.Skip(Stage::kHash);
  std::jthread fetch([&ring] {
    for (uint64_t i = 0; i < 100; ++i) Give(ring, i);
    ring.Close();
  });
  EXPECT_EQ(PassOn(ring, Stage::kWrite), 100u);
}

TEST(ChunkRing, AStopWakesAllSides) {
  ChunkRing ring(1);
  std::stop_source stop;
  std::jthread hash([&] { EXPECT_EQ(ring.Next(Stage::kHash, stop.get_token()), nullptr); });
  std::jthread write([&] { EXPECT_EQ(ring.Next(Stage::kWrite, stop.get_token()), nullptr); });
  stop.request_stop();
  hash.join();
  for (size_t i = 0; i < ChunkRing::kLeastChunks; ++i) Give(ring, i);
  EXPECT_EQ(ring.TakeEmpty(stop.get_token()), nullptr);
}

TEST(ChunkRing, WhatWasGivenBeforeTheEndIsStillTaken) {
  ChunkRing ring(1);
  Give(ring, 0);
  ring.Close();
  EXPECT_EQ(PassOn(ring, Stage::kWrite), 1u);
}

TEST(Chunk, TellsTheRunsOfBlocksToWrite) {
  std::vector<uint8_t> memory(8 * kBlock);
  Chunk chunk(memory);
  chunk.size = 6 * kBlock + 1;
  chunk.left_alone = {true, false, false, true, true, false, false, false};
  const auto first = chunk.NextWritten(0);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->begin, kBlock);
  EXPECT_EQ(first->end, 3 * kBlock);
  const auto second = chunk.NextWritten(first->end);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->begin, 5 * kBlock);
  EXPECT_EQ(second->end, 7 * kBlock) << "the last block is written whole, what is behind it is not";
  EXPECT_FALSE(chunk.NextWritten(second->end).has_value());
}

}  // namespace
}  // namespace matic::ab
