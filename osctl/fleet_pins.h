// What machines of a fleet were last to be updated to, as the journal of its runs has it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "osctl/fleet/journal/journal.h"
#include "osctl/fleet/run/fleet_facts.h"

namespace matic::osctl {

enum class PinnedBy {
  kPreparing,  // of machines that were prepared, and not updated since
  kAny,        // likewise, and of those that were updated, or were to be
};

// By machine, of the newest run that had it; a machine that no run has had is missing. Runs of
// before `since` are not looked at.
Result<std::map<std::string, fleet::Pin>> PinsOf(fleet::Journal& journal,
                                                 const std::vector<const fleet::Machine*>& machines,
                                                 PinnedBy by, WallTime since);

}  // namespace matic::osctl
