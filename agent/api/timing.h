// When an update's steps may happen, as messages and as rules.
#pragma once

#include "agent/engine/schedule.h"
#include "lib/base/result.h"
#include "matic/v1/node.pb.h"

namespace matic::api {

// kInvalidArgument, naming the field and the part of it that is wrong.
Result<calendar::Rules> ToRules(const v1::Timing& timing);

v1::Timing ToMessage(const calendar::Rules& rules, std::chrono::seconds reboot_delay);

}  // namespace matic::api
