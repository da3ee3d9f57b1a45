#include "osctl/fleet/run/parallel.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;

constexpr size_t kMoreThreads = 16;
constexpr auto kTick = 100ms;
// Of one processor. Handshakes are half the work, and the machine may have other things to do.
constexpr double kIdle = 0.5;
constexpr long kBusy = 10;

// What this process has had of the processors.
struct Share {
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
  std::chrono::microseconds used{0};
  long taken_away = 0;  // times that somebody else got the processor
};

Share ShareNow() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  Share share;
  share.used = std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  share.taken_away = usage.ru_nivcsw;
  return share;
}

// Waits for machines, and neither computes nor waits for a processor.
bool Waits(const Share& before, const Share& now) {
  return now.used - before.used < (now.at - before.at) * kIdle &&
         now.taken_away - before.taken_away < kBusy;
}

class Crew {
 public:
  Crew(size_t count, const std::function<void(size_t)>& work) : count_(count), work_(work) {}

  void Run(size_t limit) {
    limit = std::min(limit, count_);
    Add(std::min(limit, kMoreThreads));
    Share before = ShareNow();
    std::unique_lock lock(mutex_);
    while (!done_.wait_for(lock, kTick, [this] { return finished_ == count_; })) {
      const Share now = ShareNow();
      if (Waits(before, now) && next_ < count_) {
        Add(std::min(limit - threads_.size(), kMoreThreads));
      }
      before = now;
    }
  }

 private:
  void Add(size_t threads) {
    for (size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { Work(); });
    }
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (next_ < count_) {
      const size_t index = next_++;
      lock.unlock();
      work_(index);
      lock.lock();
      if (++finished_ == count_) done_.notify_one();
    }
  }

  const size_t count_;
  const std::function<void(size_t)>& work_;
  std::mutex mutex_;
  std::condition_variable done_;
  size_t next_ = 0;
  size_t finished_ = 0;
  std::vector<std::jthread> threads_;  // last: ends before what it uses
};

}  // namespace

void ForEachIndex(size_t count, size_t limit, const std::function<void(size_t)>& work) {
  Crew(count, work).Run(limit);
}

}  // namespace matic::fleet
