#include "agent/transfer/ways.h"

#include <gtest/gtest.h>

namespace matic::transfer {
namespace {

using std::chrono::milliseconds;

constexpr double kMbit = 1e6 / 8;

// 9 MB of a new image, or a patch of 2 MB that takes a second and a half to pack.
Ways Over(double bytes_a_second) {
  return {.bytes_a_second = bytes_a_second,
          .ranges_bytes = 9'000'000,
          .patch_bytes = 2'000'000,
          .making = milliseconds(1500)};
}

TEST(WaysTest, ASlowLinkTakesThePatch) {
  const Ways ways = Over(10 * kMbit);
  EXPECT_TRUE(ways.patch_is_faster());
  EXPECT_DOUBLE_EQ(ways.by_ranges().count(), 7.2);
  EXPECT_DOUBLE_EQ(ways.by_patch().count(), 1.6);
}

TEST(WaysTest, OnAFastLinkPackingIsWhatTakesLong) {
  EXPECT_FALSE(Over(100 * kMbit).patch_is_faster());
  EXPECT_FALSE(Over(1000 * kMbit).patch_is_faster());
  EXPECT_DOUBLE_EQ(Over(1000 * kMbit).by_patch().count(), 1.5);
}

TEST(WaysTest, APatchThatTakesNoPackingIsFasterAsSoonAsItIsSmaller) {
  Ways ways = Over(1000 * kMbit);
  ways.making = {};
  EXPECT_TRUE(ways.patch_is_faster());
  ways.patch_bytes = ways.ranges_bytes + 1;
  EXPECT_FALSE(ways.patch_is_faster());
}

}  // namespace
}  // namespace matic::transfer
