#include "lib/os/clock.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/fakes/manual_clock.h"

namespace matic {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SystemClock, WaitsAtLeastAsLongAsAsked) {
  SystemClock clock;
  const BootTime start = clock.SinceBoot();
  EXPECT_TRUE(clock.Wait(milliseconds(30), {}));
  EXPECT_GE(clock.SinceBoot() - start, milliseconds(30));
  EXPECT_TRUE(clock.Wait(milliseconds(0), {}));
  EXPECT_TRUE(clock.Wait(milliseconds(-5), {}));
}

TEST(SystemClock, AStopEndsAWaitOfAnyLength) {
  SystemClock clock;
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(30));
    stop.request_stop();
  });
  EXPECT_FALSE(clock.Wait(std::chrono::nanoseconds::max(), stop.get_token()));
  EXPECT_FALSE(clock.Wait(milliseconds(0), stop.get_token())) << "stopped before it began";
}

TEST(ManualClock, WaitsUntilItIsAdvanced) {
  fakes::ManualClock clock;
  bool over = false;
  std::jthread waiter([&] { over = clock.Wait(seconds(10), {}); });
  clock.AwaitWaiters(1);
  clock.Advance(seconds(4));
  clock.Advance(seconds(6));
  waiter.join();
  EXPECT_TRUE(over);
  EXPECT_EQ(FormatTime(clock.Now()), "2026-01-27T01:00:10Z");
}

TEST(ManualClock, AStopEndsAWait) {
  fakes::ManualClock clock;
  std::stop_source stop;
  bool over = true;
  std::jthread waiter([&] { over = clock.Wait(hours(1), stop.get_token()); });
  clock.AwaitWaiters(1);
  stop.request_stop();
  waiter.join();
  EXPECT_FALSE(over);
}

TEST(ManualClock, MayLetWaitsPass) {
  fakes::ManualClock clock(fakes::ManualClock::Waits::kPass);
  const BootTime start = clock.SinceBoot();
  EXPECT_TRUE(clock.Wait(hours(1), {}));
  EXPECT_EQ(clock.SinceBoot() - start, hours(1));
  EXPECT_EQ(clock.waits(), std::vector<std::chrono::nanoseconds>{hours(1)});
}

}  // namespace
}  // namespace matic
