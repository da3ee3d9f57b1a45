#include "agent/transfer/burst_rate.h"

#include <gtest/gtest.h>

namespace matic::transfer {
namespace {

using std::chrono::milliseconds;

TEST(BurstRateTest, KnowsNothingAtFirst) {
  BurstRate rate;
  EXPECT_EQ(rate.best(), 0);
  rate.Note(1 << 20, milliseconds(1));  // since when is not known
  EXPECT_EQ(rate.best(), 0);
}

TEST(BurstRateTest, PausesBetweenBurstsDoNotCount) {
  BurstRate rate;
  milliseconds now{0};
  for (int burst = 0; burst < 4; ++burst) {
    for (int i = 0; i < 8; ++i) {
      rate.Note(32 * 1024, now);
      now += milliseconds(10);
    }
    now += milliseconds(1000);
  }
  EXPECT_NEAR(rate.best(), 32 * 1024 * 100, 1000);
}

}  // namespace
}  // namespace matic::transfer
