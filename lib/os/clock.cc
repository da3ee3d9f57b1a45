#include "lib/os/clock.h"

#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace matic {
namespace {

// A sleep counts no suspend, a deadline does: so a long wait looks at the clock this often.
constexpr std::chrono::nanoseconds kLongestSleep = std::chrono::seconds(10);

}  // namespace

WallTime SystemClock::Now() const { return std::chrono::system_clock::now(); }

BootTime SystemClock::SinceBoot() const {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

bool SystemClock::Wait(std::chrono::nanoseconds duration, std::stop_token stop) {
  const BootTime start = SinceBoot();
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  for (;;) {
    if (stop.stop_requested()) return false;
    // Differences only: start + duration would overflow where a caller waits "for ever".
    const BootTime elapsed = SinceBoot() - start;
    if (elapsed >= duration) return true;
    stopped.wait_for(lock, stop, std::min(duration - elapsed, kLongestSleep), [] { return false; });
  }
}

}  // namespace matic
