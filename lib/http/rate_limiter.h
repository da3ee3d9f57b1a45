// How fast bytes may come, over all transfers of a client together.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace matic::http {

// Bytes are counted when they are there; who took too many waits until they are made up for. In a
// second there may be a quarter of a second's bytes more than the rate. Thread-safe.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Bytes a second now; 0: no limit. Asked for about once a second, so that a change counts soon.
  using Rate = std::function<uint64_t()>;

  explicit RateLimiter(Rate rate) : rate_(std::move(rate)) {}

  // How long no more may be taken; 0: some may be taken now.
  std::chrono::nanoseconds Pause(Time now);
  void Take(size_t bytes, Time now);

 private:
  void Settle(Time now);

  const Rate rate_;
  std::mutex mutex_;
  uint64_t bytes_a_second_ = 0;
  Time asked_{};
  Time settled_{};
  double owed_ = 0;  // bytes that were taken too early; below 0: that may be
};

}  // namespace matic::http
