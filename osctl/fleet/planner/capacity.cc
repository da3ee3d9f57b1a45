#include "osctl/fleet/planner/capacity.h"

#include <algorithm>

namespace matic::fleet {

Capacity::Capacity(const Plan& plan, const RunState& state)
    : plan_(plan),
      most_(std::max<size_t>(1, plan.settings.max_parallel)),
      groups_(state.groups.size(), 0) {
  for (const size_t index : state.active) {
    const MachineRun& machine = state.machines[index];
    if (IsDown(machine)) Take(machine.group);
  }
  for (const size_t index : state.lost) {
    if (IsEnd(state.machines[index].phase)) ++gone_;
  }
}

void Capacity::Take(size_t group) {
  ++down_;
  ++groups_[group];
}

bool IsDown(const MachineRun& machine) {
  switch (machine.phase) {
    case MachinePhase::kActivating:
    case MachinePhase::kRebooting:
      return machine.begun || machine.doubt;
    case MachinePhase::kVerifying:
      return machine.changed;
    case MachinePhase::kRollingBack:
      return machine.begun || machine.doubt || machine.lost;
    case MachinePhase::kWaiting:
    case MachinePhase::kStaging:
    case MachinePhase::kCancelling:
    case MachinePhase::kUpdated:
    case MachinePhase::kRebootPending:
    case MachinePhase::kRolledBack:
    case MachinePhase::kFailed:
    case MachinePhase::kSkipped:
    case MachinePhase::kNotReached:
      return false;
  }
  return false;
}

}  // namespace matic::fleet
