// Time that passes when a test says so.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <vector>

#include "lib/os/clock.h"

namespace matic::fakes {

// Thread-safe.
class ManualClock final : public Clock {
 public:
  enum class Waits {
    kBlock,  // until Advance has covered them
    kPass,   // a wait advances the clock by itself and returns at once
    // Waits of up to a minute pass, those of deadlines block: for work that is retried after a
    // while, and watched over by a thread.
    kPassShort,
  };

  // Starts at 2026-01-27T01:00:00Z, a minute after the machine's start.
  explicit ManualClock(Waits waits = Waits::kBlock);

  WallTime Now() const override;
  BootTime SinceBoot() const override;
  bool Wait(std::chrono::nanoseconds duration, std::stop_token stop) override;

  void Advance(std::chrono::nanoseconds duration);
  // The wall clock jumps, as when the time is set; waits and SinceBoot know nothing of it.
  void SetNow(WallTime now);
  // A reboot: SinceBoot starts at zero again.
  void Reboot();

  // Every wait asked for so far.
  std::vector<std::chrono::nanoseconds> waits() const;
  // Returns when `count` threads wait for a time that is yet to come; a test calls it before
  // Advance.
  void AwaitWaiters(size_t count);

 private:
  const Waits waits_mode_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  WallTime now_;
  BootTime since_boot_;
  std::chrono::nanoseconds advanced_{0};
  std::multiset<std::chrono::nanoseconds> waiting_until_;  // in terms of advanced_
  std::vector<std::chrono::nanoseconds> waits_;
};

}  // namespace matic::fakes
