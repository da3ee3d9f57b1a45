#include "lib/base/time.h"

#include <absl/time/time.h>

#include <algorithm>

namespace matic {
namespace {

constexpr std::chrono::seconds kEarliest{0};            // 1970-01-01T00:00:00Z
constexpr std::chrono::seconds kLatest{9'214'646'399};  // 2261-12-31T23:59:59Z

}  // namespace

std::string FormatTime(WallTime time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromChrono(time), absl::UTCTimeZone());
}

Result<WallTime> ParseTime(std::string_view text) {
  absl::Time time;
  std::string reason;
  if (!absl::ParseTime(absl::RFC3339_full, {text.data(), text.size()}, &time, &reason)) {
    return Fail(ErrorCode::kInvalidArgument, "not an RFC 3339 time: " + reason);
  }
  const auto seconds = std::chrono::seconds(absl::ToUnixSeconds(time));
  return WallTime(std::clamp(seconds, kEarliest, kLatest));
}

std::string FormatMailTime(WallTime time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", absl::FromChrono(time),
                          absl::UTCTimeZone());
}

std::string FormatDay(WallTime time) {
  return absl::FormatTime("%Y%m%d", absl::FromChrono(time), absl::UTCTimeZone());
}

}  // namespace matic
