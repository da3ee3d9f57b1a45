#include "lib/base/time.h"

#include <absl/time/time.h>

namespace matic {

std::string FormatTime(WallTime time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromChrono(time), absl::UTCTimeZone());
}

Result<WallTime> ParseTime(std::string_view text) {
  absl::Time time;
  std::string reason;
  if (!absl::ParseTime(absl::RFC3339_full, {text.data(), text.size()}, &time, &reason)) {
    return Fail(ErrorCode::kInvalidArgument, "not an RFC 3339 time: " + reason);
  }
  return absl::ToChronoTime(time);
}

std::string FormatMailTime(WallTime time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", absl::FromChrono(time),
                          absl::UTCTimeZone());
}

std::string FormatDay(WallTime time) {
  return absl::FormatTime("%Y%m%d", absl::FromChrono(time), absl::UTCTimeZone());
}

}  // namespace matic
