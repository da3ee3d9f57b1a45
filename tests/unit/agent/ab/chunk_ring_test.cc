#include "agent/ab/chunk_ring.h"

#include <gtest/gtest.h>

#include <thread>

namespace matic::ab {
namespace {

TEST(ChunkRing, HandsChunksOverInOrderAndInBoundedMemory) {
  ChunkRing ring(64 * 1024);
  std::jthread fetch([&ring] {
    for (uint64_t i = 0; i < 1000; ++i) {
      Chunk* chunk = ring.TakeEmpty({});
      chunk->offset = i;
      ring.GiveFull(chunk);
    }
    ring.Close();
  });
  uint64_t expected = 0;
  while (Chunk* chunk = ring.TakeFull({})) {
    EXPECT_EQ(chunk->offset, expected++);
    EXPECT_LE(chunk->buffer.size(), 32u * 1024);
    ring.GiveEmpty(chunk);
  }
  EXPECT_EQ(expected, 1000u);
}

TEST(ChunkRing, HasTwoChunksAtLeast) {
  ChunkRing ring(1);
  EXPECT_NE(ring.TakeEmpty({}), nullptr);
  EXPECT_NE(ring.TakeEmpty({}), nullptr);
}

TEST(ChunkRing, AStopWakesBothSides) {
  ChunkRing ring(8192);
  std::stop_source stop;
  ring.TakeEmpty({});
  ring.TakeEmpty({});
  std::jthread fetch([&] { EXPECT_EQ(ring.TakeEmpty(stop.get_token()), nullptr); });
  std::jthread write([&] { EXPECT_EQ(ring.TakeFull(stop.get_token()), nullptr); });
  stop.request_stop();
}

TEST(ChunkRing, WhatWasGivenBeforeTheEndIsStillTaken) {
  ChunkRing ring(8192);
  ring.GiveFull(ring.TakeEmpty({}));
  ring.Close();
  EXPECT_NE(ring.TakeFull({}), nullptr);
  EXPECT_EQ(ring.TakeFull({}), nullptr);
}

}  // namespace
}  // namespace matic::ab
