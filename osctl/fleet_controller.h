// What the commands that work on a fleet's machines share: the inventory, the journal of its runs,
// and a way to the machines.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/os/clock.h"
#include "lib/os/process_runner.h"
#include "osctl/fleet/journal/journal.h"
#include "osctl/fleet/node/agent_nodes.h"
#include "osctl/fleet/planner/run_state.h"
#include "osctl/fleet_options.h"
#include "osctl/session.h"

namespace matic::osctl {

// Not thread-safe, apart from its parts.
class FleetController {
 public:
  static Result<std::unique_ptr<FleetController>> Open(const Session& session,
                                                       const FleetOptions& options);

  fleet::Inventory inventory;
  SystemProcessRunner processes;
  SystemClock clock;
  fleet::AgentNodes nodes;

  // Of the fleet, where the state of this user's programs is: $MATIC_FLEET_STATE, else
  // /var/lib/matic/fleet for root and ~/.local/state/matic/fleet for others. Made where it is not.
  Result<std::filesystem::path> JournalFile() const;
  Result<std::unique_ptr<fleet::Journal>> OpenJournal() const;

  // The run that is under way, or has been left; kNotFound where there is none.
  Result<std::string> UnfinishedRun(fleet::Journal& journal) const;

  // "alice@controller": for people, and for machines to tell.
  static std::string Holder();

 private:
  FleetController(fleet::Inventory what, const std::string& pki_dir)
      : inventory(std::move(what)), nodes(pki_dir, processes) {}
};

// The state that a run's events have made.
Result<fleet::RunState> StateOf(fleet::Journal& journal, const fleet::RunRecord& run);

}  // namespace matic::osctl
