// What an update would do, as text.
#pragma once

#include <string>

#include "matic/v1/node.pb.h"
#include "osctl/render/terminal.h"

namespace matic::osctl {

std::string PlanText(const v1::PlanUpdateResponse& plan, const Terminal& terminal);

}  // namespace matic::osctl
