// A span of local time that comes again every day or on some weekdays: "Sun,Sat 02:00-05:00".
#pragma once

#include <bitset>
#include <chrono>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic::calendar {

// A window opens when the clocks of its zone first show its beginning or a later time, and closes
// when they first show its end or a later time. So on the day on which clocks go forward it is
// shorter, or does not come at all where all of it is skipped; on the day on which they go back it
// comes once, by the first coming of a time that comes twice.
struct Window {
  std::bitset<7> weekdays;            // on which it begins; bit 0 is Monday
  std::chrono::minutes begin{0};      // after midnight: 0 to 1439
  std::chrono::minutes end{24 * 60};  // after that same midnight; more than 1440: on the next day

  bool operator==(const Window&) const = default;
};

// "Sun,Sat 02:00-05:00", "Mon-Fri 22:00-04:00" (over midnight: into the next day), "02:00-05:00"
// (every day), "00:00-24:00". Weekdays are English, in full or by three letters, of any case; a
// range may go over the week's end ("Fri-Mon"). kInvalidArgument names the part that is wrong.
Result<Window> ParseWindow(std::string_view text);

// In the one form that windows are shown in: "Mon-Fri 22:00-04:00", "Sat,Sun 02:00-05:00".
std::string FormatWindow(const Window& window);

}  // namespace matic::calendar
