// Moments, durations and time zones as people write them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace matic::calendar {

// A name of the IANA time zone database as the system has it ("Europe/Berlin", "UTC"), or "" for
// the zone of this machine. kInvalidArgument for anything else.
Result<> CheckZone(const std::string& zone);

// RFC 3339 with its own offset ("2026-12-01T03:00:00+01:00", "2026-12-01T02:00:00Z"), or a date and
// a time of `zone`: "2026-12-01 03:00", with seconds if wanted. A local time that comes twice is
// its first coming; one that clocks skip is the moment at which they skip it. Years 1970 to 2199.
Result<WallTime> ParseTime(std::string_view text, const std::string& zone);

// As the clocks of `zone` show it, to the minute: "Sat 2026-12-05 02:00 CET". UTC where the system
// does not know the zone.
std::string FormatTime(WallTime time, const std::string& zone);

// "90" (seconds), "90s", "15m", "2h", "1h30m". Whole seconds, not negative, at most ten years.
Result<std::chrono::seconds> ParseDuration(std::string_view text);

// "1h30m", "90s" as "1m30s", nothing as "0s": what ParseDuration takes.
std::string FormatDuration(std::chrono::seconds duration);

}  // namespace matic::calendar
