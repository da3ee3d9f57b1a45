// How fast a link is, by what has come over it so far.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace matic::transfer {

// A server that begins slowly, as TCP does, sends bursts with pauses between them: the pauses say
// nothing of the link, a burst's own speed does.
class BurstRate {
 public:
  using Time = std::chrono::nanoseconds;
  // So long a stretch is looked at.
  static constexpr size_t kBurstBytes = 128 * 1024;

  void Note(size_t bytes, Time now) {
    if (!began_) {
      began_ = true;
      since_ = now;
      return;
    }
    bytes_ += bytes;
    if (bytes_ < kBurstBytes) return;
    const std::chrono::duration<double> took = now - since_;
    if (took.count() > 0) best_ = std::max(best_, static_cast<double>(bytes_) / took.count());
    bytes_ = 0;
    since_ = now;
  }

  // Bytes a second; 0 while too little has come.
  double best() const { return best_; }

 private:
  bool began_ = false;
  size_t bytes_ = 0;
  Time since_{};
  double best_ = 0;
};

}  // namespace matic::transfer
