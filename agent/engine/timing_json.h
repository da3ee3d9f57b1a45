// When an update's steps may happen, as JSON: the texts that people write (lib/calendar/rules.h).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lib/calendar/rules.h"

namespace matic::engine {

nlohmann::json TimingJson(const calendar::Rules& rules);

// Throws like the library where a value is mistyped. Rules that hold no longer (a zone that is gone
// with a new system) become such that have expired: nothing is begun at a time nobody chose.
calendar::Rules TimingFrom(const nlohmann::json& json);

}  // namespace matic::engine
