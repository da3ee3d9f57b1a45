#include "osctl/fleet/planner/openings.h"

#include <algorithm>

#include "lib/calendar/decide.h"

namespace matic::fleet {
namespace {

calendar::Decision Ask(const calendar::Rules& rules, WallTime at) {
  return calendar::Decide(rules, calendar::Step::kReboot, at, std::chrono::nanoseconds(0), "");
}

}  // namespace

Opening FindOpening(const PlannedGroup& group, const Settings& settings, WallTime now,
                    WallTime end) {
  // Windows and blackouts may be of different zones, which one set of rules cannot say.
  calendar::Rules windows;
  windows.zone = group.timezone;
  windows.windows = group.windows;
  calendar::Rules blackouts;
  blackouts.zone = settings.blackout_timezone;
  blackouts.blackouts = settings.blackouts;

  std::string why;
  WallTime at = now;
  while (at <= end) {
    const calendar::Rules* closed = nullptr;
    calendar::Decision decision{};
    for (const calendar::Rules* rules : {&windows, &blackouts}) {
      if (rules->windows.empty() && rules->blackouts.empty()) continue;
      decision = Ask(*rules, at);
      if (!decision.open()) {
        closed = rules;
        break;
      }
    }
    if (closed == nullptr) return {at == now, at, why};
    if (why.empty()) why = decision.why;
    if (!decision.until || *decision.until <= at) break;
    at = *decision.until;
  }
  return {false, std::nullopt, why};
}

}  // namespace matic::fleet
