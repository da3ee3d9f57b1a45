// What is told of a fleet's runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/notify/notifier.h"
#include "osctl/fleet/journal/journal.h"
#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

struct Snapshot {
  std::string fleet{};
  const RunRecord* run = nullptr;   // nullptr: there was none
  const RunState* state = nullptr;  // of `run`
  Successes successes{};
  std::vector<notify::ChannelCounts> channels{};  // of this process
  WallTime now{};
};

}  // namespace matic::fleet
