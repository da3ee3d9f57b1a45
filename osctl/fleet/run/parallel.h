// The same work on many machines, some at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace matic::fleet {

// Calls `work` with each index below `count`, from at most `threads` threads; returns when all is
// done.
template <typename Work>
void ForEachIndex(size_t count, size_t threads, const Work& work) {
  std::atomic<size_t> next{0};
  std::vector<std::jthread> workers;
  for (size_t i = 0; i < std::min(count, threads); ++i) {
    workers.emplace_back([&] {
      for (size_t index = next++; index < count; index = next++) work(index);
    });
  }
}

// Machines that are asked at once: connections, more than processors.
inline constexpr size_t kAskedAtOnce = 64;

}  // namespace matic::fleet
