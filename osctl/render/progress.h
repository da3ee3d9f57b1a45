// How far a transfer is, on one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace matic::osctl {

struct Transfer {
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;  // 0 while unknown
  uint64_t bytes_per_second = 0;
};

// 0 to 100, and 100 only when all is done; 0 while the total is unknown.
int Percent(const Transfer& transfer);

// "████████████░░░░░░░░  61 %  212 MB/s  0:01 left   (slot-b)" in at most `width` columns: what has
// no room is left out, the least important first.
std::string ProgressBar(const Transfer& transfer, std::string_view target, size_t width);

// The same without a bar, for a pipe: "61 %  56.8 MB of 93.1 MB  212 MB/s".
std::string ProgressText(const Transfer& transfer);

}  // namespace matic::osctl
