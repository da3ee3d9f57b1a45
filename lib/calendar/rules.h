// When work may be done on a machine: a schedule's times and maintenance windows.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/calendar/date_range.h"
#include "lib/calendar/window.h"

namespace matic::calendar {

// Plain data. ParseRules makes only rules that hold together; rules from elsewhere are to be passed
// through CheckRules.
struct Rules {
  std::string zone{};  // of windows and blackouts; IANA name, "" for this machine's
  std::vector<Window> windows{};
  // For one step alone. An empty list falls back to `windows`; both empty: at any time.
  std::vector<Window> download_windows{};
  std::vector<Window> install_windows{};
  std::vector<Window> reboot_windows{};
  std::optional<WallTime> at{};          // due then: windows are passed by, blackouts are not
  std::optional<WallTime> not_before{};  // nothing is done earlier
  std::optional<WallTime> not_after{};   // nothing is begun then or later
  std::vector<DateRange> blackouts{};    // days of `zone` on which nothing is begun
  // Each machine waits so long at most after an opening (of a window, after a blackout, at `at`,
  // `not_before` or `created`), but never more than half of the opening. How long is drawn from the
  // seed, and the same each time.
  std::chrono::seconds random_delay{0};
  std::optional<WallTime> created{};       // of what the rules are for
  std::chrono::seconds minimum_uptime{0};  // of the machine, suspend included
  // Passes by windows, blackouts and the random delay. `at`, `not_before` and `not_after` still
  // hold, since who asks for an emergency gives them himself, and so does `minimum_uptime`, which
  // is there for safety.
  bool emergency = false;

  bool operator==(const Rules&) const = default;
};

constexpr size_t kMaxWindows = 64;  // of each list
constexpr size_t kMaxBlackouts = 400;
constexpr std::chrono::hours kMaxRandomDelay{72};
constexpr std::chrono::hours kMaxMinimumUptime{24 * 30};

// kInvalidArgument names the field and what is wrong.
Result<> CheckRules(const Rules& rules);

// The same as texts: of a command line, a request, a file. Empty means not given.
struct RulesText {
  std::string timezone{};
  std::vector<std::string> windows{};
  std::vector<std::string> download_windows{};
  std::vector<std::string> install_windows{};
  std::vector<std::string> reboot_windows{};
  std::string at{};
  std::string not_before{};
  std::string not_after{};
  std::vector<std::string> blackouts{};
  std::string random_delay{};
  std::string minimum_uptime{};
  bool emergency = false;

  bool operator==(const RulesText&) const = default;
};

// kInvalidArgument names the field as osctl's option does, and the part of it that is wrong:
// "window: 'Son 02:00-05:00': no such weekday: 'Son' …".
Result<Rules> ParseRules(const RulesText& text);

// What ParseRules takes back; moments in UTC. `created` is not among it.
RulesText FormatRules(const Rules& rules);

}  // namespace matic::calendar
