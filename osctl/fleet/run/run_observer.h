// Who wants to see a run.
#pragma once

#include "osctl/fleet/journal/journal.h"
#include "osctl/fleet/planner/decide.h"
#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

// Called by the engine's own thread, which waits meanwhile.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  // At least once a second.
  virtual void Changed(const RunRecord& run, const RunState& state, const Decision& decision) = 0;
  // Each notice once; after a crash of the controller the last ones may come again. `state` may be
  // later than the notice.
  virtual void Tell(const RunRecord& run, const RunState& state, const Notice& notice) = 0;
};

}  // namespace matic::fleet
