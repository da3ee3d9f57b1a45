#include "lib/calendar/rules.h"

#include "lib/calendar/moment.h"
#include "lib/calendar/zone.h"

namespace matic::calendar {
namespace {

tl::unexpected<Error> Refuse(std::string_view field, const std::string& wrong) {
  return Fail(Error{ErrorCode::kInvalidArgument, wrong}.Context(field));
}

template <typename T>
Result<std::vector<T>> ParseAll(std::string_view field, const std::vector<std::string>& texts,
                                size_t at_most, Result<T> (*parse)(std::string_view)) {
  if (texts.size() > at_most) {
    return Refuse(field, "is given " + std::to_string(texts.size()) + " times; at most " +
                             std::to_string(at_most));
  }
  std::vector<T> items;
  for (const std::string& text : texts) {
    auto item = parse(text);
    if (!item) return Fail(item.error().Context(field));
    items.push_back(*item);
  }
  return items;
}

Result<std::optional<WallTime>> ParseMoment(std::string_view field, const std::string& text,
                                            const std::string& zone) {
  if (text.empty()) return std::optional<WallTime>();
  auto time = ParseTime(text, zone);
  if (!time) return Fail(time.error().Context(field));
  return std::optional(*time);
}

Result<std::chrono::seconds> ParseSeconds(std::string_view field, const std::string& text) {
  if (text.empty()) return std::chrono::seconds(0);
  auto duration = ParseDuration(text);
  if (!duration) return Fail(duration.error().Context(field));
  return *duration;
}

Result<> CheckWindows(std::string_view field, const std::vector<Window>& windows) {
  if (windows.size() > kMaxWindows) {
    return Refuse(field, "more than " + std::to_string(kMaxWindows) + " windows");
  }
  constexpr std::chrono::minutes kDay{24 * 60};
  for (const Window& window : windows) {
    const bool sound = window.weekdays.any() && window.begin.count() >= 0 && window.begin < kDay &&
                       window.end > window.begin && window.end <= window.begin + kDay;
    if (!sound) return Refuse(field, "a window without a weekday, or longer than a day");
  }
  return {};
}

Result<> CheckMoment(std::string_view field, const std::optional<WallTime>& time) {
  if (time && (*time < kEarliest || *time > kLatest)) {
    return Refuse(field, "is not in the years 1970 to 2199");
  }
  return {};
}

Result<> CheckDuration(std::string_view field, std::chrono::seconds duration,
                       std::chrono::seconds at_most) {
  if (duration.count() < 0 || duration > at_most) {
    return Refuse(field, "is more than " + FormatDuration(at_most));
  }
  return {};
}

Result<> CheckOrder(std::string_view field, const std::optional<WallTime>& time,
                    const Rules& rules) {
  if (!time || !rules.not_after || *time < *rules.not_after) return {};
  return Refuse(field, FormatTime(*time, rules.zone) + " is not before not-after " +
                           FormatTime(*rules.not_after, rules.zone));
}

template <typename T>
std::vector<std::string> FormatAll(const std::vector<T>& items, std::string (*format)(const T&)) {
  std::vector<std::string> texts;
  for (const T& item : items) texts.push_back(format(item));
  return texts;
}

std::string FormatMoment(const std::optional<WallTime>& time) {
  return time ? matic::FormatTime(*time) : "";
}

std::string FormatSeconds(std::chrono::seconds duration) {
  return duration.count() == 0 ? "" : FormatDuration(duration);
}

}  // namespace

Result<> CheckRules(const Rules& rules) {
  if (auto known = CheckZone(rules.zone); !known) return Fail(known.error().Context("timezone"));
  MATIC_TRY(CheckWindows("window", rules.windows));
  MATIC_TRY(CheckWindows("download-window", rules.download_windows));
  MATIC_TRY(CheckWindows("install-window", rules.install_windows));
  MATIC_TRY(CheckWindows("reboot-window", rules.reboot_windows));
  if (rules.blackouts.size() > kMaxBlackouts) {
    return Refuse("blackout", "more than " + std::to_string(kMaxBlackouts));
  }
  for (const DateRange& dates : rules.blackouts) {
    if (!dates.first.ok() || !dates.last.ok() || dates.last < dates.first) {
      return Refuse("blackout", "no such days");
    }
  }
  MATIC_TRY(CheckMoment("at", rules.at));
  MATIC_TRY(CheckMoment("not-before", rules.not_before));
  MATIC_TRY(CheckMoment("not-after", rules.not_after));
  MATIC_TRY(CheckOrder("at", rules.at, rules));
  MATIC_TRY(CheckOrder("not-before", rules.not_before, rules));
  MATIC_TRY(CheckDuration("random-delay", rules.random_delay, kMaxRandomDelay));
  return CheckDuration("min-uptime", rules.minimum_uptime, kMaxMinimumUptime);
}

Result<Rules> ParseRules(const RulesText& text) {
  Rules rules;
  rules.zone = text.timezone;
  if (auto known = CheckZone(rules.zone); !known) return Fail(known.error().Context("timezone"));
  const auto windows = [](std::string_view field, const std::vector<std::string>& texts) {
    return ParseAll(field, texts, kMaxWindows, ParseWindow);
  };
  MATIC_ASSIGN(rules.windows, windows("window", text.windows));
  MATIC_ASSIGN(rules.download_windows, windows("download-window", text.download_windows));
  MATIC_ASSIGN(rules.install_windows, windows("install-window", text.install_windows));
  MATIC_ASSIGN(rules.reboot_windows, windows("reboot-window", text.reboot_windows));
  MATIC_ASSIGN(rules.at, ParseMoment("at", text.at, rules.zone));
  MATIC_ASSIGN(rules.not_before, ParseMoment("not-before", text.not_before, rules.zone));
  MATIC_ASSIGN(rules.not_after, ParseMoment("not-after", text.not_after, rules.zone));
  MATIC_ASSIGN(rules.blackouts,
               ParseAll("blackout", text.blackouts, kMaxBlackouts, ParseDateRange));
  MATIC_ASSIGN(rules.random_delay, ParseSeconds("random-delay", text.random_delay));
  MATIC_ASSIGN(rules.minimum_uptime, ParseSeconds("min-uptime", text.minimum_uptime));
  rules.emergency = text.emergency;
  MATIC_TRY(CheckRules(rules));
  return rules;
}

RulesText FormatRules(const Rules& rules) {
  RulesText text;
  text.timezone = rules.zone;
  text.windows = FormatAll(rules.windows, FormatWindow);
  text.download_windows = FormatAll(rules.download_windows, FormatWindow);
  text.install_windows = FormatAll(rules.install_windows, FormatWindow);
  text.reboot_windows = FormatAll(rules.reboot_windows, FormatWindow);
  text.at = FormatMoment(rules.at);
  text.not_before = FormatMoment(rules.not_before);
  text.not_after = FormatMoment(rules.not_after);
  text.blackouts = FormatAll(rules.blackouts, FormatDateRange);
  text.random_delay = FormatSeconds(rules.random_delay);
  text.minimum_uptime = FormatSeconds(rules.minimum_uptime);
  text.emergency = rules.emergency;
  return text;
}

}  // namespace matic::calendar
