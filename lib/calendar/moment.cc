#include "lib/calendar/moment.h"

#include <absl/time/time.h>

#include <algorithm>

#include "lib/calendar/quote.h"
#include "lib/calendar/zone.h"

namespace matic::calendar {
namespace {

constexpr size_t kMaxText = 64;
constexpr std::chrono::hours kLongest{24 * 3653};

// Whether it begins as "2026-12-01" does: the library takes years of any length, and infinity.
bool BeginsWithDate(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00";
  if (text.size() > kMaxText || text.size() <= kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return false;
  }
  const std::string_view year = text.substr(0, 4);
  return year >= "1970" && year <= "2199";
}

}  // namespace

Result<> CheckZone(const std::string& zone) {
  MATIC_TRY(Zone::Load(zone));
  return {};
}

Result<WallTime> ParseTime(std::string_view text, const std::string& zone) {
  MATIC_ASSIGN(const Zone clocks, Zone::Load(zone));
  if (BeginsWithDate(text)) {
    const absl::string_view input(text.data(), text.size());
    absl::Time moment;
    std::string reason;
    if (absl::ParseTime(absl::RFC3339_full, input, &moment, &reason)) {
      return std::clamp(absl::ToChronoTime(moment), kEarliest, kLatest);
    }
    if (absl::ParseTime("%Y-%m-%d%ET%H:%M", input, absl::UTCTimeZone(), &moment, &reason) ||
        absl::ParseTime("%Y-%m-%d%ET%H:%M:%S", input, absl::UTCTimeZone(), &moment, &reason) ||
        absl::ParseTime("%Y-%m-%d %H:%M", input, absl::UTCTimeZone(), &moment, &reason) ||
        absl::ParseTime("%Y-%m-%d %H:%M:%S", input, absl::UTCTimeZone(), &moment, &reason)) {
      const auto seconds = std::chrono::seconds(absl::ToUnixSeconds(moment));
      return std::clamp(clocks.Reach(std::chrono::local_seconds(seconds)), kEarliest, kLatest);
    }
  }
  return Fail(ErrorCode::kInvalidArgument,
              "not a time: " + Quote(text) +
                  "; give '2026-12-01 03:00' (of the time zone) or '2026-12-01T03:00:00+01:00'");
}

std::string FormatTime(WallTime time, const std::string& zone) {
  const auto clocks = Zone::Load(zone);
  return (clocks ? clocks : Zone::Load("UTC"))->Format(time);
}

Result<std::chrono::seconds> ParseDuration(std::string_view text) {
  absl::Duration duration;
  const bool number = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  std::string input(text.substr(0, kMaxText));
  if (number) input += 's';
  if (text.size() > kMaxText || !absl::ParseDuration(input, &duration) ||
      duration < absl::ZeroDuration() || duration > absl::FromChrono(kLongest) ||
      absl::Trunc(duration, absl::Seconds(1)) != duration) {
    return Fail(ErrorCode::kInvalidArgument,
                "not a duration: " + Quote(text) + "; give seconds, or '90s', '15m', '1h30m'");
  }
  return std::chrono::seconds(absl::ToInt64Seconds(duration));
}

std::string FormatDuration(std::chrono::seconds duration) {
  if (duration == std::chrono::seconds::zero()) return "0s";
  return absl::FormatDuration(absl::FromChrono(duration));
}

}  // namespace matic::calendar
