// What people are told of what entered the history.
#pragma once

#include <optional>
#include <string>

#include "agent/engine/engine.h"
#include "lib/notify/message.h"

namespace matic::notices {

// Nothing where nobody need be told: an update that waits for its turn, a hook that passed, an
// update with nothing to do, a journal's end that was kept.
std::optional<notify::Message> MessageOf(const engine::HistoryEvent& event,
                                         const std::string& node);

}  // namespace matic::notices
