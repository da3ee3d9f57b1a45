#include "lib/http/rate_limiter.h"

#include <algorithm>

namespace matic::http {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::seconds kAskAgain{1};
constexpr double kCreditSeconds = 0.25;

}  // namespace

void RateLimiter::Settle(Time now) {
  if (!rate_) return;
  if (settled_ == Time{}) {
    bytes_a_second_ = rate_();
    settled_ = asked_ = now;
  }
  owed_ -= Seconds(now - settled_).count() * static_cast<double>(bytes_a_second_);
  settled_ = now;
  if (now - asked_ >= kAskAgain) {
    bytes_a_second_ = rate_();
    asked_ = now;
  }
  const double credit = kCreditSeconds * static_cast<double>(bytes_a_second_);
  owed_ = bytes_a_second_ == 0 ? 0 : std::max(owed_, -credit);
}

std::chrono::nanoseconds RateLimiter::Pause(Time now) {
  const std::scoped_lock lock(mutex_);
  Settle(now);
  if (bytes_a_second_ == 0 || owed_ <= 0) return std::chrono::nanoseconds(0);
  const Seconds pause(owed_ / static_cast<double>(bytes_a_second_));
  // Never longer than until the rate is asked for again.
  return std::min<std::chrono::nanoseconds>(std::chrono::ceil<std::chrono::nanoseconds>(pause),
                                            kAskAgain);
}

void RateLimiter::Take(size_t bytes, Time now) {
  const std::scoped_lock lock(mutex_);
  Settle(now);
  if (bytes_a_second_ != 0) owed_ += static_cast<double>(bytes);
}

}  // namespace matic::http
