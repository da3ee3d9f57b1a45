#include "lib/calendar/window.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <array>
#include <optional>
#include <vector>

#include "lib/calendar/quote.h"

namespace matic::calendar {
namespace {

using std::chrono::minutes;

constexpr size_t kMaxText = 256;
constexpr minutes kDay{24 * 60};
constexpr std::array<const char*, 7> kWeekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                  "Friday", "Saturday", "Sunday"};

tl::unexpected<Error> Refuse(std::string wrong) {
  return Fail(ErrorCode::kInvalidArgument, std::move(wrong));
}

std::string ShortName(size_t weekday) { return std::string(kWeekdays[weekday]).substr(0, 3); }

Result<size_t> ParseWeekday(const std::string& text) {
  for (size_t i = 0; i < kWeekdays.size(); ++i) {
    if (absl::EqualsIgnoreCase(text, kWeekdays[i]) || absl::EqualsIgnoreCase(text, ShortName(i))) {
      return i;
    }
  }
  return Refuse("no such weekday: " + Quote(text) + "; they are Mon, Tue, Wed, Thu, Fri, Sat, Sun");
}

Result<std::bitset<7>> ParseWeekdays(const std::string& text) {
  std::bitset<7> weekdays;
  const std::vector<std::string> items = absl::StrSplit(text, ',');
  for (const std::string& item : items) {
    const std::vector<std::string> ends = absl::StrSplit(item, absl::MaxSplits('-', 1));
    MATIC_ASSIGN(const size_t first, ParseWeekday(ends.front()));
    MATIC_ASSIGN(const size_t last, ParseWeekday(ends.back()));
    for (size_t day = first; day != last; day = (day + 1) % 7) weekdays.set(day);
    weekdays.set(last);
  }
  return weekdays;
}

// Since midnight; 24:00 is one.
Result<minutes> ParseTimeOfDay(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  const auto number = [](const std::string& digits, size_t at_least) -> std::optional<int> {
    int value = 0;
    const bool good = digits.size() >= at_least && digits.size() <= 2 &&
                      absl::ascii_isdigit(static_cast<unsigned char>(digits.front())) &&
                      absl::SimpleAtoi(digits, &value);
    return good ? std::optional(value) : std::nullopt;
  };
  const auto hour = parts.size() == 2 ? number(parts[0], 1) : std::nullopt;
  const auto minute = parts.size() == 2 ? number(parts[1], 2) : std::nullopt;
  if (!hour || !minute || *minute > 59 || *hour > 24 || (*hour == 24 && *minute != 0)) {
    return Refuse("not a time of day: " + Quote(text) + "; give HH:MM, from 00:00 to 24:00");
  }
  return minutes(*hour * 60 + *minute);
}

Result<Window> Parse(std::string_view text) {
  if (text.size() > kMaxText) return Refuse("is longer than any window");
  const std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty());
  if (parts.empty() || parts.size() > 2) {
    return Refuse("give weekdays and times, as in 'Sat,Sun 02:00-05:00', or times alone");
  }
  Window window;
  window.weekdays.set();
  if (parts.size() == 2) {
    MATIC_ASSIGN(window.weekdays, ParseWeekdays(parts.front()));
  }
  const std::vector<std::string> times = absl::StrSplit(parts.back(), '-');
  if (times.size() != 2) {
    return Refuse("not a span of times: " + Quote(parts.back()) + "; give HH:MM-HH:MM");
  }
  MATIC_ASSIGN(window.begin, ParseTimeOfDay(times[0]));
  MATIC_ASSIGN(window.end, ParseTimeOfDay(times[1]));
  if (window.begin == kDay) return Refuse("begins at 24:00; write 00:00 and the next weekday");
  if (window.begin == window.end) {
    return Refuse("begins and ends at the same time; the whole day is 00:00-24:00");
  }
  if (window.end < window.begin) window.end += kDay;
  return window;
}

std::string FormatWeekdays(const std::bitset<7>& weekdays) {
  std::vector<std::string> items;
  for (size_t day = 0; day < 7; ++day) {
    if (!weekdays.test(day)) continue;
    size_t last = day;
    while (last + 1 < 7 && weekdays.test(last + 1)) ++last;
    // Two in a row are easier to read apart.
    if (last > day + 1) {
      items.push_back(ShortName(day) + "-" + ShortName(last));
      day = last;
    } else {
      items.push_back(ShortName(day));
    }
  }
  return absl::StrJoin(items, ",");
}

std::string FormatTimeOfDay(minutes time) {
  return absl::StrFormat("%02d:%02d", time.count() / 60, time.count() % 60);
}

}  // namespace

Result<Window> ParseWindow(std::string_view text) {
  auto window = Parse(text);
  if (!window) return Fail(window.error().Context(Quote(text)));
  return window;
}

std::string FormatWindow(const Window& window) {
  const minutes end = window.end > kDay ? window.end - kDay : window.end;
  const std::string times = FormatTimeOfDay(window.begin) + "-" + FormatTimeOfDay(end);
  return window.weekdays.all() ? times : FormatWeekdays(window.weekdays) + " " + times;
}

}  // namespace matic::calendar
