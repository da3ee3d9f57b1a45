// How a run has ended, in a word.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

enum class RunOutcome {
  kOpen,     // it goes on
  kWell,     // every group ended well, and no machine failed or went back
  kFailed,   // something did
  kStopped,  // by somebody, or since it took as long as it may
};

RunOutcome OutcomeOf(const RunState& state);

// When the last of it happened; nothing while it goes on.
std::optional<WallTime> EndOf(const RunState& state);

// The groups that ended well and of which every machine, those that were not selected included, is
// known to run its target.
std::vector<std::string> GroupsUpToDate(const Inventory& inventory, const Plan& plan,
                                        const RunState& state);

// "open", "well", "failed", "stopped"
std::string_view NameOf(RunOutcome outcome);

}  // namespace matic::fleet
