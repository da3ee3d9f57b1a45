#include "lib/calendar/date_range.h"

#include <absl/strings/str_format.h>
#include <absl/time/civil_time.h>

#include <algorithm>

#include "lib/calendar/quote.h"

namespace matic::calendar {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::string_view kBetween = "..";
constexpr days kLongest{366};

Result<year_month_day> ParseDate(std::string_view text) {
  absl::CivilDay day;
  const bool shaped = text.size() == 10 && text[4] == '-' && text[7] == '-' &&
                      std::all_of(text.begin(), text.end(),
                                  [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
  if (!shaped || !absl::ParseCivilTime(absl::string_view(text.data(), text.size()), &day) ||
      day.year() < 1970 || day.year() > 2199) {
    return Fail(ErrorCode::kInvalidArgument,
                "not a date: " + Quote(text) + "; give YYYY-MM-DD, from 1970 to 2199");
  }
  return year_month_day(sys_days(days(day - absl::CivilDay(1970, 1, 1))));
}

std::string FormatDate(const year_month_day& date) {
  return absl::StrFormat("%04d-%02d-%02d", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

Result<DateRange> ParseDateRange(std::string_view text) {
  const size_t between = text.find(kBetween);
  MATIC_ASSIGN(const year_month_day first, ParseDate(text.substr(0, between)));
  if (between == std::string_view::npos) return DateRange{first, first};
  MATIC_ASSIGN(const year_month_day last, ParseDate(text.substr(between + kBetween.size())));
  if (last < first) {
    return Fail(ErrorCode::kInvalidArgument, Quote(text) + " ends before it begins");
  }
  if (sys_days(last) - sys_days(first) >= kLongest) {
    return Fail(ErrorCode::kInvalidArgument,
                Quote(text) + " is longer than " + std::to_string(kLongest.count()) + " days");
  }
  return DateRange{first, last};
}

std::string FormatDateRange(const DateRange& range) {
  if (range.first == range.last) return FormatDate(range.first);
  return FormatDate(range.first) + std::string(kBetween) + FormatDate(range.last);
}

}  // namespace matic::calendar
