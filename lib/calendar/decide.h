// Whether a step of an update may begin now, and if not, when and why not. Pure: reads no clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "lib/calendar/rules.h"

namespace matic::calendar {

enum class Step { kDownload, kInstall, kReboot };

enum class Verdict {
  kOpen,     // the step may begin now
  kClosed,   // it may not yet
  kExpired,  // it never may: `not_after` has passed, or no opening comes before it or in a year
};

struct Decision {
  Verdict verdict;
  // kOpen: when it closes. kClosed: when it opens, random delay included. Nothing: not within the
  // year ahead. To be asked for again by then, and after every jump of the clock.
  std::optional<WallTime> until;
  // For people: "waits for the maintenance window Sat,Sun 02:00-05:00 (Europe/Berlin)".
  std::string why;

  bool open() const { return verdict == Verdict::kOpen; }
  bool operator==(const Decision&) const = default;
};

// `uptime`: since the machine started. `seed`: what tells one machine and schedule from another,
// for the random delay. Where the system does not know the zone (any more), nothing opens and `why`
// says so. Takes microseconds, with as many windows and
// blackouts as there may be some ten milliseconds.
Decision Decide(const Rules& rules, Step step, WallTime now, std::chrono::nanoseconds uptime,
                std::string_view seed);

}  // namespace matic::calendar
