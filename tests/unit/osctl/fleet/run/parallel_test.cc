#include "osctl/fleet/run/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <vector>

namespace matic::fleet {
namespace {

TEST(ForEachIndex, DoesEachOnce) {
  std::vector<std::atomic<int>> times(1000);
  ForEachIndex(times.size(), kAskedAtOnce, [&](size_t i) { ++times[i]; });
  EXPECT_TRUE(std::ranges::all_of(times, [](const auto& count) { return count == 1; }));
}

TEST(ForEachIndex, HasNothingToDoForNobody) {
  ForEachIndex(0, kAskedAtOnce, [](size_t) { FAIL(); });
}

TEST(ForEachIndex, NeverHasMoreAtOnceThanItMay) {
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  ForEachIndex(300, 3, [&](size_t) {
    const int now = ++at_once;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    --at_once;
  });
  EXPECT_LE(most, 3);
}

TEST(ForEachIndex, TakesMoreAtOnceWhereAllWait) {
  // Given machines of which none answers before all have been asked, when they are asked, then the
  // first do not keep the others waiting.
  std::latch all_asked(100);
  ForEachIndex(100, 100, [&](size_t) { all_asked.arrive_and_wait(); });
  EXPECT_TRUE(all_asked.try_wait());
}

}  // namespace
}  // namespace matic::fleet
