// A clock that only moves when it is told to, and by waits of up to a minute, which pass at once.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "lib/os/clock.h"

namespace matic::crash {

// Thread-safe. After very many waits `no_end` is called, and the next one lasts until it is
// stopped: whoever waits so often comes to no end.
class SweepClock final : public Clock {
 public:
  SweepClock(WallTime now, BootTime since_boot, std::function<void()> no_end)
      : no_end_(std::move(no_end)), now_(now), since_boot_(since_boot) {}

  WallTime Now() const override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }
  BootTime SinceBoot() const override {
    const std::scoped_lock lock(mutex_);
    return since_boot_;
  }
  bool Wait(std::chrono::nanoseconds duration, std::stop_token stop) override {
    constexpr int kVeryMany = 50;
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) return false;
    if (duration <= std::chrono::minutes(1)) {
      if (++waits_ < kVeryMany) {
        Move(duration);
        return true;
      }
      no_end_();
    }
    stopped_.wait(lock, stop, [] { return false; });
    return false;
  }
  void Advance(std::chrono::nanoseconds duration) {
    const std::scoped_lock lock(mutex_);
    Move(duration);
  }

 private:
  void Move(std::chrono::nanoseconds duration) {
    now_ += std::chrono::duration_cast<WallTime::duration>(duration);
    since_boot_ += duration;
  }

  const std::function<void()> no_end_;
  mutable std::mutex mutex_;
  std::condition_variable_any stopped_;
  WallTime now_;
  BootTime since_boot_;
  int waits_ = 0;
};

}  // namespace matic::crash
