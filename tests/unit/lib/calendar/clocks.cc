#include "tests/unit/lib/calendar/clocks.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace matic::calendar {
namespace {

constexpr int64_t kDay = 24 * 60;

int64_t DaysOf(const std::chrono::year_month_day& date) {
  return std::chrono::sys_days(date).time_since_epoch().count();
}

bool IsIn(const Window& window, int64_t day, int64_t time) {
  const int64_t weekday = (day + 3) % 7;  // 1970-01-01 was a Thursday
  return window.weekdays.test(static_cast<size_t>(weekday)) &&
         time >= day * kDay + window.begin.count() && time < day * kDay + window.end.count();
}

}  // namespace

Clocks::Clocks(const std::string& zone, WallTime begin, int64_t minutes) : begin_(begin) {
  setenv("TZ", (":" + zone).c_str(), 1);
  tzset();
  const time_t first = std::chrono::system_clock::to_time_t(begin);
  long offset = 0;
  for (int64_t i = 0; i < minutes; ++i) {
    const time_t moment = first + i * 60;
    tm local{};
    localtime_r(&moment, &local);
    const int64_t shown = (moment + local.tm_gmtoff) / 60;
    latest_.push_back(latest_.empty() ? shown : std::max(shown, latest_.back()));
    if (i > 0 && local.tm_gmtoff != offset) changes_.push_back(i);
    offset = local.tm_gmtoff;
  }
}

int64_t Clocks::MinuteOf(WallTime time) const {
  const auto since = time - begin_;
  const auto minute = std::chrono::floor<std::chrono::minutes>(since);
  return since == minute && minute.count() < minutes() ? minute.count() : -1;
}

bool Clocks::IsNearChange(int64_t minute) const {
  return std::any_of(changes_.begin(), changes_.end(), [minute](int64_t change) {
    return minute > change - kDay && minute < change + kDay;
  });
}

bool Clocks::IsOpen(const Rules& rules, int64_t minute) const {
  const int64_t time = latest_[static_cast<size_t>(minute)];
  const int64_t day = time / kDay;
  const bool blackout =
      std::any_of(rules.blackouts.begin(), rules.blackouts.end(), [day](const DateRange& dates) {
        return DaysOf(dates.first) <= day && day <= DaysOf(dates.last);
      });
  return !blackout &&
         (rules.windows.empty() ||
          std::any_of(rules.windows.begin(), rules.windows.end(), [&](const Window& window) {
            return IsIn(window, day, time) || IsIn(window, day - 1, time);
          }));
}

}  // namespace matic::calendar
