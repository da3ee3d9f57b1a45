// Whole days of a calendar, for holidays and other days on which nothing may be done.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic::calendar {

struct DateRange {
  std::chrono::year_month_day first;
  std::chrono::year_month_day last;  // inclusive, not before `first`

  bool operator==(const DateRange&) const = default;
};

// "2026-12-24" or "2026-12-24..2027-01-02", both days included, at most 366 days; years 1970 to
// 2199. kInvalidArgument names the part that is wrong.
Result<DateRange> ParseDateRange(std::string_view text);

std::string FormatDateRange(const DateRange& range);

}  // namespace matic::calendar
