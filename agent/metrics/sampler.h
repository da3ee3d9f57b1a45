// A value that may take long to make, for those who cannot wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace matic::metrics {

// Makes the value in a thread of its own, whenever somebody asks and none is being made.
template <typename T>
class Sampler {
 public:
  using SteadyClock = std::chrono::steady_clock;

  struct Sample {
    std::optional<T> value;  // nothing: none was ever made
    std::chrono::duration<double> age{0};
  };

  // `make` is called from the thread only.
  explicit Sampler(std::function<T()> make) : make_(std::move(make)), thread_([this] { Run(); }) {}
  // Waits for a value that is being made.
  ~Sampler() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // A value whose making began after this call; the one before, where that takes longer than
  // `patience`.
  Sample Get(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const uint64_t wanted = begun_ + 1;
    asked_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, patience, [&] { return made_ >= wanted || ending_; });
    Sample sample{value_, {}};
    if (value_) sample.age = SteadyClock::now() - made_at_;
    return sample;
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return asked_ || ending_; });
      if (ending_) return;
      asked_ = false;
      const uint64_t number = ++begun_;
      const SteadyClock::time_point began = SteadyClock::now();
      lock.unlock();
      T value = make_();
      lock.lock();
      value_ = std::move(value);
      made_at_ = began;
      made_ = number;
      changed_.notify_all();
    }
  }

  const std::function<T()> make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool ending_ = false;
  uint64_t begun_ = 0;  // numbers of makings
  uint64_t made_ = 0;
  std::optional<T> value_;
  SteadyClock::time_point made_at_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace matic::metrics
