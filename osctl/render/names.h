// The names of the API's values as people read them.
#pragma once

#include <string>

#include "matic/v1/node.pb.h"
#include "osctl/render/terminal.h"

namespace matic::osctl {

std::string StateName(v1::ScheduleState state);  // "Completed"
Style StateStyle(v1::ScheduleState state);

std::string PhaseName(v1::Phase phase);  // "On trial"; empty where there is none

std::string HealthName(v1::HealthState state);  // "HEALTHY"
Style HealthStyle(v1::HealthState state);

std::string KindName(v1::RollbackKind kind);  // "Automatic"

// RFC 3339 in UTC; "-" where there is none.
std::string TimeText(const google::protobuf::Timestamp& time);

// `text`, or "-" where it is empty; a node's control characters become '?', so that they do nothing
// to the terminal.
std::string Shown(std::string_view text);

}  // namespace matic::osctl
