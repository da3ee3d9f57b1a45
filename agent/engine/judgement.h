// What the ends of updates say of images' digests and of the system that runs: which digests are
// quarantined (docs/operations.md#quarantine).
#pragma once

#include <string>

#include "agent/engine/state_store.h"
#include "agent/update/transition.h"

namespace matic::engine {

// `time` is RFC 3339.
void Judge(AgentState& state, const update::Outcome& outcome, const std::string& time);

// What was held against the suspects becomes a strike, and the cause stands.
void Acquit(AgentState& state, const update::CommonCause& found, const std::string& time);

// The digest's entry where it is refused without force, or none.
const QuarantineEntry* FindQuarantined(const AgentState& state, const std::string& digest);

}  // namespace matic::engine
