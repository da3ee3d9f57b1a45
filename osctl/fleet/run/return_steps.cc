// Rollbacks; and reboots that are what a run is for, rather than a part of an update.
#include "osctl/client/schedule_end.h"
#include "osctl/fleet/run/machine_steps.h"

namespace matic::fleet {

using osctl::HasEnded;

namespace {

// Another update may have gone to the same slot since.
bool IsFrom(const v1::Schedule& schedule, const v1::Target& running) {
  const auto differ = [](const std::string& one, const std::string& other) {
    return !one.empty() && !other.empty() && one != other;
  };
  return running.name() == schedule.target() && !differ(running.version(), schedule.version()) &&
         !differ(running.digest(), schedule.sha256());
}

}  // namespace

bool IsBehind(const PlannedMachine& machine, const v1::GetStatusResponse& status) {
  if (machine.work == Work::kRestart) return status.boot_id() != machine.before;
  const v1::Target* runs = RunningOf(status);
  if (runs == nullptr) return false;
  return machine.generation != 0 ? runs->generation() == machine.generation
                                 : runs->name() != machine.before;
}

// It is asked once for each time that it says it still runs since before; what became of a request
// that was not answered is not known otherwise.
MachineSteps::Outcome MachineSteps::Restart(const PlannedMachine& machine) {
  MATIC_TRY(TakeLease());
  bool asked = false;
  while (true) {
    const Result<v1::GetStatusResponse> status = node_.GetStatus();
    if (!status && (!MayPass(status.error()) || !touched_)) return Fail(status.error());
    if (status && IsBehind(machine, *status)) return std::string();
    if (status && !asked) {
      touched_ = true;
      const Result<> rebooting = node_.Reboot("rebooted by the fleet " + identity_.fleet);
      if (!rebooting && !MayPass(rebooting.error())) return Fail(rebooting.error());
      asked = rebooting.has_value();
    }
    MATIC_TRY(Pause());
  }
}

Result<> MachineSteps::MakeWay(const v1::GetStatusResponse& status) {
  if (UnderWayOf(status) != UnderWay::kStaged) return {};
  if (status.backend() == "ab") {
    return Fail(ErrorCode::kRefused,
                "there is nothing to go back to: an update is staged in the other slot");
  }
  MATIC_ASSIGN(const std::optional<v1::Schedule> staged, Own());
  if (!staged || HasEnded(*staged)) return {};
  MATIC_TRY(node_.Cancel(staged->id(), "the fleet goes back"));
  MATIC_TRY(Await(staged->id(), HasEnded));
  return {};
}

MachineSteps::Outcome MachineSteps::GoBack(const PlannedMachine& machine) {
  MATIC_TRY(TakeLease());
  std::optional<BootTime> asked;
  while (true) {
    const Result<v1::GetStatusResponse> status = node_.GetStatus();
    if (!status && (!MayPass(status.error()) || !touched_)) return Fail(status.error());
    const UnderWay what = status ? UnderWayOf(*status) : UnderWay::kRollingBack;
    const bool rests = what != UnderWay::kRollingBack && what != UnderWay::kActivating;
    if (status && rests && what != UnderWay::kOnTrial && IsBehind(machine, *status)) {
      return std::string();
    }
    if (status && rests && asked && clock_.SinceBoot() >= *asked + pacing_.patience) {
      return "it did not go back" +
             (status->problems_size() > 0 ? ": " + status->problems(0) : std::string());
    }
    if (status && rests && !asked) {
      MATIC_TRY(MakeWay(*status));
      v1::TriggerRollbackRequest request;
      request.set_reason("rolled back by the fleet " + identity_.fleet);
      request.set_to_generation(machine.generation);
      touched_ = true;
      const Result<> going = node_.Rollback(request);
      if (!going && !MayPass(going.error())) return Fail(going.error());
      if (going) asked = clock_.SinceBoot();
    }
    MATIC_TRY(Pause());
  }
}

MachineSteps::Outcome MachineSteps::RollBack() {
  MATIC_ASSIGN(std::optional<v1::Schedule> schedule, Own());
  if (schedule && !HasEnded(*schedule)) {
    MATIC_TRY(node_.Cancel(schedule->id(), "rolled back by the fleet"));
    MATIC_TRY(Await(schedule->id(), HasEnded));
  } else if (schedule && schedule->state() == v1::SCHEDULE_STATE_COMPLETED) {
    MATIC_ASSIGN(const v1::GetStatusResponse before, node_.GetStatus());
    const v1::Target* running = RunningOf(before);
    // Nothing to do where it was done before this controller took the run up.
    if (UnderWayOf(before) == UnderWay::kNothing && running != nullptr &&
        IsFrom(*schedule, *running)) {
      v1::TriggerRollbackRequest request;
      request.set_reason("rolled back by the fleet " + identity_.fleet);
      MATIC_TRY(node_.Rollback(request));
    }
    // Until it runs something else, with nothing under way.
    while (true) {
      const Result<v1::GetStatusResponse> now = node_.GetStatus();
      if (!now && !MayPass(now.error())) return Fail(now.error());
      const v1::Target* runs = now ? RunningOf(*now) : nullptr;
      if (runs != nullptr && !IsFrom(*schedule, *runs) && UnderWayOf(*now) == UnderWay::kNothing) {
        break;
      }
      MATIC_TRY(Pause());
    }
  }
  const Result<> healthy = AwaitHealth();
  return healthy ? std::string() : healthy.error().message;
}

}  // namespace matic::fleet
