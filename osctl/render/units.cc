#include "osctl/render/units.h"

#include <array>
#include <cstdio>

namespace matic::osctl {
namespace {

std::string Print(const char* format, auto... values) {
  std::array<char, 64> buffer;
  const int size = std::snprintf(buffer.data(), buffer.size(), format, values...);
  return std::string(buffer.data(), static_cast<size_t>(size));
}

}  // namespace

std::string FormatBytes(uint64_t bytes) {
  constexpr std::array kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return Print("%.*f %s", decimals, value, kUnits[unit]);
}

std::string FormatRate(uint64_t bytes_per_second) { return FormatBytes(bytes_per_second) + "/s"; }

std::string FormatClock(std::chrono::seconds duration) {
  const long seconds = duration.count() < 0 ? 0 : static_cast<long>(duration.count());
  if (seconds >= 3600) {
    return Print("%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
  return Print("%ld:%02ld", seconds / 60, seconds % 60);
}

std::string FormatDuration(std::chrono::seconds duration) {
  const long seconds = duration.count() < 0 ? 0 : static_cast<long>(duration.count());
  const long minutes = seconds / 60;
  const long hours = minutes / 60;
  const long days = hours / 24;
  const auto pair = [](long large, const char* unit, long small, const char* small_unit) {
    std::string text = std::to_string(large) + " " + unit;
    if (small > 0) text += " " + std::to_string(small) + " " + small_unit;
    return text;
  };
  if (days > 0) return pair(days, "d", hours % 24, "h");
  if (hours > 0) return pair(hours, "h", minutes % 60, "min");
  if (minutes > 0) return pair(minutes, "min", seconds % 60, "s");
  return std::to_string(seconds) + " s";
}

}  // namespace matic::osctl
