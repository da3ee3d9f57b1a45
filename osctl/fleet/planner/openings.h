// When a group's windows and the fleet's blackouts let work begin. Inside this folder only.
#pragma once

#include <optional>
#include <string>

#include "lib/base/time.h"
#include "osctl/fleet/planner/plan.h"

namespace matic::fleet {

struct Opening {
  bool open = false;
  std::optional<WallTime> at{};  // of the next one before `end`; nothing: there is none
  std::string why{};             // it is closed, for people
};

Opening FindOpening(const PlannedGroup& group, const Settings& settings, WallTime now,
                    WallTime end);

}  // namespace matic::fleet
