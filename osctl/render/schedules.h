// Schedules as text.
#pragma once

#include <string>

#include "matic/v1/node.pb.h"
#include "osctl/render/terminal.h"

namespace matic::osctl {

std::string ScheduleText(const v1::Schedule& schedule, const Terminal& terminal);
std::string ScheduleTable(const v1::ListSchedulesResponse& schedules, const Terminal& terminal);

}  // namespace matic::osctl
