// The update's state and outcomes as JSON (docs/formats.md, "State").
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/update/transition.h"
#include "lib/base/result.h"

namespace matic::engine {

nlohmann::json ToJson(const update::UpdateState& state);
// A name that this release does not know is kCorrupt; so is a missing or mistyped key.
Result<update::UpdateState> UpdateStateFromJson(const nlohmann::json& json);

// Adds to `json`, made of a state, what `before` holds beside the keys of this release, where both
// are of the same update: it is a newer agent's, and waits for it.
void KeepUnknown(nlohmann::json& json, const nlohmann::json& before);

nlohmann::json ToJson(const update::Outcome& outcome);
Result<update::Outcome> OutcomeFromJson(const nlohmann::json& json);

// "auto", "switch", "boot", "build".
std::string_view ModeName(update::Mode mode);
// kInvalidArgument, naming what there is.
Result<update::Mode> ParseMode(std::string_view name);

std::string_view KindName(update::RollbackKind kind);
// As CauseName (engine.h) has it; what is no such name is kUnknown, as is what older releases
// wrote.
update::RollbackCause ParseCause(std::string_view name);
std::string_view EndName(update::Outcome::End end);

}  // namespace matic::engine
