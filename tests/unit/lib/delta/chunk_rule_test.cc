// The rule is part of a format: these numbers stay as they are.
#include "lib/delta/chunk_rule.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace matic::delta {
namespace {

std::vector<uint8_t> Noise(size_t bytes, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> noise(bytes);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random() & 0xff);
  return noise;
}

std::vector<size_t> Chunks(std::span<const uint8_t> bytes) {
  std::vector<size_t> lengths;
  while (!bytes.empty()) {
    lengths.push_back(ContentChunk(bytes));
    bytes = bytes.subspan(lengths.back());
  }
  return lengths;
}

TEST(ContentChunk, AreAsLongAsTheRuleSays) {
  const std::vector<size_t> lengths = Chunks(Noise(16 << 20, 1));
  for (size_t i = 0; i + 1 < lengths.size(); ++i) {
    EXPECT_GE(lengths[i], kMinContentBytes);
    EXPECT_LE(lengths[i], kMaxContentBytes);
  }
  EXPECT_GT(lengths.size(), (16U << 20) / (80 * 1024));
  EXPECT_LT(lengths.size(), (16U << 20) / (50 * 1024));
}

TEST(ContentChunk, AreTheSameAgainBehindAnInsertion) {
  const std::vector<uint8_t> before = Noise(4 << 20, 2);
  std::vector<uint8_t> after = before;
  after.insert(after.begin() + 100000, 77, 0x11);
  const std::vector<size_t> old_lengths = Chunks(before);
  const std::vector<size_t> new_lengths = Chunks(after);
  size_t same = 0;
  while (same < std::min(old_lengths.size(), new_lengths.size()) &&
         old_lengths.rbegin()[static_cast<ptrdiff_t>(same)] ==
             new_lengths.rbegin()[static_cast<ptrdiff_t>(same)]) {
    ++same;
  }
  EXPECT_GE(same + 8, old_lengths.size());
}

TEST(ContentChunk, OfOneByteAgainAndAgainEndAtTheMost) {
  const std::vector<uint8_t> zeros(kMaxContentBytes + 5);
  EXPECT_EQ(ContentChunk(zeros), kMaxContentBytes);
  EXPECT_EQ(ContentChunk(std::span(zeros).first(10)), 10U);
}

TEST(ContentChunk, EndWhereTheyAlwaysDid) {
  std::vector<uint8_t> bytes(1 << 20);
  uint64_t state = 1;
  for (uint8_t& byte : bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<uint8_t>(state >> 56);
  }
  EXPECT_EQ(Chunks(bytes),
            (std::vector<size_t>{16865, 56860, 98839, 23665, 69342, 124043, 56766, 117904, 47420,
                                 67772, 47177, 75507, 17080, 22623, 57239, 60224, 28212, 61038}));
  size_t ends = 0;
  for (size_t at = 0; at + 1000 <= bytes.size(); at += 1000) {
    if (EndsMerged(std::span(bytes).subspan(at, 1000))) ++ends;
  }
  EXPECT_EQ(ends, 31U);
}

TEST(EndsMerged, ComesInProportionToTheBytes) {
  for (const size_t block : {100, 4000, 20000}) {
    const std::vector<uint8_t> noise = Noise(8 << 20, 3);
    size_t ends = 0;
    for (size_t at = 0; at + block <= noise.size(); at += block) {
      if (EndsMerged(std::span(noise).subspan(at, block))) ++ends;
    }
    EXPECT_GT(ends, (8U << 20) / (55 * 1024)) << block;
    EXPECT_LT(ends, (8U << 20) / (30 * 1024)) << block;
  }
}

}  // namespace
}  // namespace matic::delta
