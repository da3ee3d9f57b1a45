// Sizes, rates and durations as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace matic::osctl {

// Powers of 1000, three digits: "512 B", "93.1 MB", "1.20 GB".
std::string FormatBytes(uint64_t bytes);

// "212 MB/s".
std::string FormatRate(uint64_t bytes_per_second);

// As a clock: "0:01", "12:34", "1:02:03".
std::string FormatClock(std::chrono::seconds duration);

// In its two largest units: "24 s", "5 min 3 s", "3 h 20 min", "12 d 4 h".
std::string FormatDuration(std::chrono::seconds duration);

}  // namespace matic::osctl
