// Which of two ways to what is new takes less time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace matic::transfer {

// Over a link of `bytes_a_second`; nothing counts but what is still to be done.
struct Ways {
  using Seconds = std::chrono::duration<double>;

  double bytes_a_second;
  uint64_t ranges_bytes;  // of the new image
  uint64_t patch_bytes;
  Seconds making;  // packing what the patch is of, on this machine

  Seconds by_ranges() const { return Seconds(static_cast<double>(ranges_bytes) / bytes_a_second); }
  // It is made while it comes.
  Seconds by_patch() const {
    return std::max(Seconds(static_cast<double>(patch_bytes) / bytes_a_second), making);
  }
  bool patch_is_faster() const { return by_patch() <= by_ranges(); }
};

}  // namespace matic::transfer
