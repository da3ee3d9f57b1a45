#include "tests/fakes/manual_clock.h"

#include <iterator>

namespace matic::fakes {
namespace {

// 2026-01-27T01:00:00Z.
constexpr std::chrono::seconds kStart(1769475600);

}  // namespace

ManualClock::ManualClock(Waits waits)
    : waits_mode_(waits), now_(kStart), since_boot_(std::chrono::minutes(1)) {}

WallTime ManualClock::Now() const {
  std::scoped_lock lock(mutex_);
  return now_;
}

BootTime ManualClock::SinceBoot() const {
  std::scoped_lock lock(mutex_);
  return since_boot_;
}

bool ManualClock::Wait(std::chrono::nanoseconds duration, std::stop_token stop) {
  const bool passes = waits_mode_ == Waits::kPass ||
                      (waits_mode_ == Waits::kPassShort && duration <= std::chrono::minutes(1));
  if (passes && !stop.stop_requested()) Advance(duration);
  std::unique_lock lock(mutex_);
  waits_.push_back(duration);
  if (stop.stop_requested()) return false;
  if (passes) return true;
  const auto waiter = waiting_until_.insert(advanced_ + duration);
  changed_.notify_all();
  const bool over = changed_.wait(lock, stop, [&] { return advanced_ >= *waiter; });
  waiting_until_.erase(waiter);
  return over;
}

void ManualClock::Advance(std::chrono::nanoseconds duration) {
  std::scoped_lock lock(mutex_);
  advanced_ += duration;
  since_boot_ += duration;
  now_ += std::chrono::duration_cast<WallTime::duration>(duration);
  changed_.notify_all();
}

void ManualClock::SetNow(WallTime now) {
  std::scoped_lock lock(mutex_);
  now_ = now;
}

void ManualClock::Reboot() {
  std::scoped_lock lock(mutex_);
  since_boot_ = BootTime(0);
}

std::vector<std::chrono::nanoseconds> ManualClock::waits() const {
  std::scoped_lock lock(mutex_);
  return waits_;
}

void ManualClock::AwaitWaiters(size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const auto first = waiting_until_.upper_bound(advanced_);
    return static_cast<size_t>(std::distance(first, waiting_until_.end())) >= count;
  });
}

}  // namespace matic::fakes
