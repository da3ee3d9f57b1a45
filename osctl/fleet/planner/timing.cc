#include "osctl/fleet/planner/timing.h"

#include <algorithm>

namespace matic::fleet {

using std::chrono::seconds;

WallTime LimitOf(const Plan& plan, const RunState& state) {
  return state.started + plan.settings.run_limit + state.paused_for;
}

WallTime OverdueAt(const Plan& plan, const RunState& state) {
  return LimitOf(plan, state) - plan.settings.run_limit / 4;
}

WallTime DeadlineOf(const Plan& plan, const MachineRun& machine, WallTime begun) {
  const Settings& settings = plan.settings;
  if (machine.doubt) return begun + settings.machine_deadline;
  const seconds left = std::max(seconds(0), settings.machine_deadline - machine.spent);
  // A slow download leaves a machine as much time to become healthy as any other.
  if (machine.phase == MachinePhase::kVerifying) {
    return begun + std::max(left, settings.health_check_timeout);
  }
  return begun + left;
}

WallTime DeadlineOf(const Plan& plan, Step step, WallTime begun) {
  const Settings& settings = plan.settings;
  return begun +
         (step == Step::kCheckHealth ? settings.health_check_timeout : settings.machine_deadline);
}

}  // namespace matic::fleet
