#include "agent/transfer/chunk_plan.h"

#include <gmock/gmock.h>

#include "tests/unit/agent/transfer/noise.h"

namespace matic::transfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint32_t kChunk = 64 * 1024;

class ChunkPlanTest : public testing::Test {
 protected:
  const delta::ChunkIndex index_ = IndexOf(Noise(8 * kChunk, 1), kChunk);

  HeldChunk Held(size_t chunk, Origin origin, uint64_t offset) const {
    return {index_.chunks[chunk].sha256, origin, offset};
  }
};

TEST_F(ChunkPlanTest, WhatNobodyHasIsFetchedInRangesOfABoundedLength) {
  const delta::ChunkIndex large = IndexOf(Noise(20 * kChunk, 2), kChunk);
  const ChunkPlan plan = PlanChunks(large, {});
  EXPECT_EQ(plan.fetched_bytes, 20 * kChunk);
  EXPECT_EQ(plan.reused_bytes, 0u);
  EXPECT_EQ(plan.requests, 2u);
  EXPECT_THAT(
      RangesToFetch(large, plan, 0, {}),
      ElementsAre(delta::ByteRange{0, 16 * kChunk}, delta::ByteRange{16 * kChunk, 4 * kChunk}));
}

TEST_F(ChunkPlanTest, WhatIsInPlaceGoesBeforeWhatRuns) {
  std::vector<HeldChunk> held;
  AddHeld(index_, Origin::kRunning, held);
  AddHeld(index_, Origin::kTarget, held);
  const ChunkPlan plan = PlanChunks(index_, held);
  EXPECT_TRUE(plan.all_in_place());
  EXPECT_EQ(plan.requests, 0u);
  EXPECT_EQ(plan.reused_bytes, index_.image_bytes);
}

TEST_F(ChunkPlanTest, OfTheTargetOnlyWhatIsNotOverwrittenYet) {
  const ChunkPlan plan = PlanChunks(
      index_, {Held(2, Origin::kTarget, 1 * kChunk), Held(4, Origin::kTarget, 4 * kChunk + 1),
               Held(6, Origin::kTarget, 6 * kChunk - 1), Held(6, Origin::kRunning, 77)});
  EXPECT_EQ(plan.chunks[2].origin, Origin::kServer);
  EXPECT_EQ(plan.chunks[4].origin, Origin::kTarget);
  EXPECT_EQ(plan.chunks[4].offset, 4 * kChunk + 1);
  EXPECT_EQ(plan.chunks[6].origin, Origin::kRunning);
  EXPECT_EQ(plan.chunks[6].offset, 77u);
}

TEST_F(ChunkPlanTest, SmallGapsAreFetchedAlong) {
  const auto image = Noise(4 * kChunk + 32 * 1024, 3);
  const delta::ChunkIndex index = IndexOf(image, {kChunk, 32 * 1024, kChunk, kChunk, kChunk});
  std::vector<HeldChunk> held = {{index.chunks[1].sha256, Origin::kRunning, 0},
                                 {index.chunks[3].sha256, Origin::kRunning, 99}};
  const ChunkPlan plan = PlanChunks(index, held);
  EXPECT_TRUE(plan.chunks[1].along);
  EXPECT_FALSE(plan.chunks[3].along);
  EXPECT_EQ(plan.requests, 2u);
  EXPECT_EQ(plan.fetched_bytes, image.size() - kChunk);
  // But not where a patch makes what is around it.
  const std::vector<delta::ByteRange> made = {{0, kChunk}, {kChunk + 32 * 1024, kChunk}};
  EXPECT_THAT(RangesToFetch(index, plan, 0, made),
              ElementsAre(delta::ByteRange{3 * kChunk + 32 * 1024, kChunk}));
}

TEST_F(ChunkPlanTest, AGapAtTheBeginningIsNone) {
  const auto image = Noise(16 * 1024 + kChunk, 4);
  const delta::ChunkIndex index = IndexOf(image, {16 * 1024, kChunk});
  const ChunkPlan plan = PlanChunks(index, {{index.chunks[0].sha256, Origin::kRunning, 0}});
  EXPECT_EQ(plan.fetched_bytes, kChunk);
}

TEST_F(ChunkPlanTest, WhatAPatchMakesIsNotAskedFor) {
  const ChunkPlan plan = PlanChunks(index_, {Held(3, Origin::kRunning, 0)});
  const std::vector<delta::ByteRange> made = {{0, 2 * kChunk}, {5 * kChunk, kChunk}};
  EXPECT_THAT(
      RangesToFetch(index_, plan, 0, made),
      ElementsAre(delta::ByteRange{2 * kChunk, kChunk}, delta::ByteRange{4 * kChunk, kChunk},
                  delta::ByteRange{6 * kChunk, 2 * kChunk}));
  EXPECT_THAT(RangesToFetch(index_, plan, 7, made),
              ElementsAre(delta::ByteRange{7 * kChunk, kChunk}));
  EXPECT_THAT(RangesToFetch(index_, plan, 8, made), IsEmpty());
}

TEST(CoversTest, OnlyAWholeStretch) {
  const std::vector<delta::ByteRange> ranges = {{10, 10}, {30, 10}};
  EXPECT_TRUE(Covers(ranges, {10, 10}));
  EXPECT_TRUE(Covers(ranges, {35, 5}));
  EXPECT_FALSE(Covers(ranges, {35, 6}));
  EXPECT_FALSE(Covers(ranges, {9, 2}));
  EXPECT_FALSE(Covers(ranges, {15, 20}));
  EXPECT_FALSE(Covers({}, {0, 1}));
}

}  // namespace
}  // namespace matic::transfer
