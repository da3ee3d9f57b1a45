// Wall-clock times as people and files write them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic {

using WallTime = std::chrono::system_clock::time_point;

// RFC 3339 in UTC, whole seconds: "2026-01-27T01:00:00Z". Beyond 1970 to 2261 the nearer is read.
std::string FormatTime(WallTime time);
Result<WallTime> ParseTime(std::string_view text);

// "Tue, 27 Jan 2026 01:00:00 +0000" (RFC 5322, 3.3), for e-mail.
std::string FormatMailTime(WallTime time);

// "20260127" in UTC, for schedule ids.
std::string FormatDay(WallTime time);

}  // namespace matic
