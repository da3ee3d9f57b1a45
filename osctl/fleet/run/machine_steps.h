// What a step of a run means on one machine. Each bears being done again after a controller died in
// the middle of it: what is under way is waited for, what is done is left. The machine's word on
// what it runs decides, not that of a call.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/os/clock.h"
#include "osctl/fleet/node/node.h"
#include "osctl/fleet/planner/event.h"
#include "osctl/fleet/planner/plan.h"

namespace matic::fleet {

// Of a run, as its machines are told.
struct RunIdentity {
  std::string fleet;
  std::string run;
  std::string holder;
  std::chrono::seconds health_check_timeout{300};
};

struct StepPacing {
  std::chrono::milliseconds look_again{1000};
  std::chrono::seconds lease{900};    // taken anew long before it is over
  std::chrono::seconds patience{30};  // with a machine that does not answer when a step begins, or
                                      // does not do what it was asked to
};

class MachineSteps {
 public:
  MachineSteps(Node& node, Clock& clock, RunIdentity identity, StepPacing pacing)
      : node_(node), clock_(clock), identity_(std::move(identity)), pacing_(pacing) {}

  // Carries the step out; until `stop` where it takes that long, and whoever stops it does not want
  // to know any more. `activated`: this run, or one before, has activated the target already.
  Happening Do(Step step, const PlannedMachine& machine, bool activated, std::stop_token stop);

 private:
  using Outcome = Result<std::string>;  // what was complained of; empty: nothing

  Outcome Carry(Step step, const PlannedMachine& machine);
  Outcome Stage(const PlannedMachine& machine);
  Outcome Activate();
  Outcome Reboot();
  Outcome Restart(const PlannedMachine& machine);
  Outcome GoBack(const PlannedMachine& machine);
  Outcome Verify(Work work);
  Outcome RollBack();
  Outcome CancelStaged();
  Outcome Settle();

  Result<Seen> Look(const PlannedMachine& machine, bool activated);
  Result<> TakeLease();
  // The update of this run, or the one staged before it; nothing where there is none.
  Result<std::optional<v1::Schedule>> Own();
  // Follows the schedule, through restarts and reboots, until `done`.
  Result<v1::Schedule> Await(const std::string& id, bool (*done)(const v1::Schedule&));
  Result<> AwaitHealth();
  // Takes out of the way of a rollback what was staged on a Nix host.
  Result<> MakeWay(const v1::GetStatusResponse& status);
  Result<> Pause();

  Node& node_;
  Clock& clock_;
  const RunIdentity identity_;
  const StepPacing pacing_;
  std::stop_token stop_;
  std::optional<BootTime> leased_;
  bool touched_ = false;  // it was asked to change what it runs
};

// What a machine says of itself, as the planner takes it.
UnderWay UnderWayOf(const v1::GetStatusResponse& status);
const v1::Target* RunningOf(const v1::GetStatusResponse& status);
bool IsHealthy(const v1::GetHealthResponse& health);
// Slots of a disk take a reboot always.
bool TakesReboot(const v1::GetStatusResponse& status, const v1::Schedule& schedule);
// Whether a machine that was to be rebooted, or to go back, has been.
bool IsBehind(const PlannedMachine& machine, const v1::GetStatusResponse& status);
// Whether an error says nothing of the machine but that it does not answer now.
bool MayPass(const Error& error);

// The request that makes a machine stage its target, and nothing more. kCorrupt: the target says
// that it is an image, and does not say which.
Result<v1::ScheduleUpdateRequest> StageRequest(const PinnedTarget& target,
                                               const RunIdentity& identity,
                                               const std::string& machine);
// Whether what was staged is what the request would stage now.
bool StagesTheSame(const v1::Schedule& staged, const v1::ScheduleUpdateRequest& request);

}  // namespace matic::fleet
