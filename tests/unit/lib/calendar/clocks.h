// A zone's clocks as the C library has them, minute by minute: what Decide is compared with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/calendar/rules.h"

namespace matic::calendar {

class Clocks {
 public:
  // From `begin`, of whole minutes, on.
  Clocks(const std::string& zone, WallTime begin, int64_t minutes);

  int64_t minutes() const { return static_cast<int64_t>(latest_.size()); }
  WallTime At(int64_t minute) const { return begin_ + std::chrono::minutes(minute); }
  // The inverse; of a moment that is no whole minute, or not within, -1.
  int64_t MinuteOf(WallTime time) const;
  // Whether clocks are put forward or back less than a day before or after.
  bool IsNearChange(int64_t minute) const;

  // By windows and blackouts, from their definition: a window is open while the latest time that
  // the clocks have shown so far lies in it.
  bool IsOpen(const Rules& rules, int64_t minute) const;

 private:
  WallTime begin_;
  // The latest time the clocks have shown so far, in minutes since 1970-01-01 00:00 there.
  std::vector<int64_t> latest_;
  std::vector<int64_t> changes_;  // minutes before which clocks are put forward or back
};

}  // namespace matic::calendar
