#include "lib/calendar/zone.h"

#include <absl/time/time.h>

#include <algorithm>

#include "lib/calendar/quote.h"

namespace matic::calendar {
namespace {

constexpr size_t kMaxName = 64;

// The library would also take the path of any file.
bool IsName(const std::string& name) {
  return name.size() <= kMaxName && name.front() != '/' && name.find("..") == std::string::npos &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  c == '/' || c == '_' || c == '-' || c == '+';
         });
}

absl::CivilSecond ToCivil(std::chrono::local_seconds time) {
  return absl::CivilSecond(1970, 1, 1) + time.time_since_epoch().count();
}

}  // namespace

struct Zone::Clocks {
  absl::TimeZone zone;
};

Zone::Zone(std::string name, std::shared_ptr<const Clocks> clocks)
    : name_(std::move(name)), clocks_(std::move(clocks)) {}

Result<Zone> Zone::Load(const std::string& name) {
  if (name.empty()) {
    return Zone("local time", std::make_shared<const Clocks>(Clocks{absl::LocalTimeZone()}));
  }
  absl::TimeZone zone;
  if (!IsName(name) || !absl::LoadTimeZone(name, &zone)) {
    return Fail(ErrorCode::kInvalidArgument,
                "unknown time zone " + Quote(name) +
                    "; give a name of the system's time zone database, such as Europe/Berlin");
  }
  return Zone(name, std::make_shared<const Clocks>(Clocks{zone}));
}

WallTime Zone::Reach(std::chrono::local_seconds time) const {
  const absl::TimeZone::TimeInfo info = clocks_->zone.At(ToCivil(time));
  return absl::ToChronoTime(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre);
}

std::chrono::local_days Zone::DayOf(WallTime time) const {
  const absl::CivilDay day(absl::ToCivilSecond(absl::FromChrono(time), clocks_->zone));
  return std::chrono::local_days(std::chrono::days(day - absl::CivilDay(1970, 1, 1)));
}

std::string Zone::Format(WallTime time) const {
  return absl::FormatTime("%a %Y-%m-%d %H:%M %Z", absl::FromChrono(time), clocks_->zone);
}

}  // namespace matic::calendar
