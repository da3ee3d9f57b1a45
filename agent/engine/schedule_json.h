// A schedule as JSON (docs/formats.md, "State").
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "agent/engine/schedule.h"
#include "lib/base/result.h"

namespace matic::engine {

// Sets the known keys of `json` and leaves the others.
void Write(const Schedule& schedule, nlohmann::json& json);
Result<Schedule> ScheduleFromJson(const nlohmann::json& json);

std::string_view StateName(ScheduleState state);  // "in-progress"
std::string_view PhaseName(Phase phase);          // "on-trial"; kNone is "none"

}  // namespace matic::engine
