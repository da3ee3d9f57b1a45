// How many machines are down, and may be. Inside this folder only.
#pragma once

#include <cstddef>
#include <vector>

#include "osctl/fleet/planner/run_state.h"

namespace matic::fleet {

// True while a machine is being changed, or was and has not been seen healthy after it.
bool IsDown(const MachineRun& machine);

// The places that a run's machines take while they are down, over all groups and in each. One that
// stays down for good takes a place from updates, and none from putting others right.
class Capacity {
 public:
  Capacity(const Plan& plan, const RunState& state);

  bool MayUpdate(size_t group) const { return gone_ + down_ < most_ && MayIn(group); }
  bool MayRollBack(size_t group) const { return down_ < most_ && MayIn(group); }
  void Take(size_t group);

 private:
  bool MayIn(size_t group) const { return groups_[group] < plan_.groups[group].parallel; }

  const Plan& plan_;
  size_t most_;
  size_t down_ = 0;
  size_t gone_ = 0;
  std::vector<size_t> groups_;  // how many of each are down
};

}  // namespace matic::fleet
