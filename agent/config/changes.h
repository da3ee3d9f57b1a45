// What a new configuration changes in an agent that runs.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"

namespace matic::config {

// Whether a key takes effect when the configuration is read again, or at the agent's next start.
bool TakesEffectAtOnce(std::string_view key);

// The keys whose values differ, in the order of their names: whoever only writes down a default, or
// moves a key to another file, changes nothing.
std::vector<std::string> ChangedKeys(const Loaded& before, const Loaded& after);

// `fresh`, but for the keys that need a restart: those stay as they are in `running`.
Config Effective(const Config& running, Config fresh);

}  // namespace matic::config
