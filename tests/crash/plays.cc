#include "tests/crash/plays.h"

#include <utility>

namespace matic::crash {
namespace {

Result<> Update(Machine& machine, const engine::ScheduleRequest& request) {
  machine.Tick();
  MATIC_TRY(machine.engine().ScheduleUpdate(request, machine.caller()));
  return machine.GoOn();
}

Result<> RollBack(Machine& machine) {
  machine.Tick();
  MATIC_TRY(machine.engine().TriggerRollback({.reason = "by hand"}, machine.caller()));
  return machine.GoOn();
}

Result<> Cancel(Machine& machine) {
  machine.Tick();
  MATIC_TRY(machine.engine().CancelSchedule("", "not today", machine.caller()));
  return machine.GoOn();
}

engine::ScheduleRequest StagedOnly(Machine& machine) {
  engine::ScheduleRequest request = machine.Request("2.0");
  request.stop_after = engine::StopAfter::kStaged;
  return request;
}

Result<> UpToTrial(Machine& machine) {
  MATIC_TRY(machine.Run());
  machine.HoldTrials(true);
  return Update(machine, "2.0");
}

// The last update has failed, and slot-a runs as before.
Result<> ExpectFailure(Machine& machine) {
  const auto last = machine.ledger().State().last_outcome;
  if (!last || last->outcome.end != update::Outcome::End::kFailed) {
    return Fail(ErrorCode::kIo, "it was to fail, and did not");
  }
  if (machine.running() == boot::Slot::kA) return {};
  return Fail(ErrorCode::kIo, "it failed, and slot-a does not run");
}

}  // namespace

Result<> Update(Machine& machine, const std::string& version) {
  return Update(machine, machine.Request(version));
}

Play Updates(std::vector<std::string> versions) {
  return [versions = std::move(versions)](Machine& machine) -> Result<> {
    MATIC_TRY(machine.Run());
    for (const std::string& version : versions) MATIC_TRY(Update(machine, version));
    return {};
  };
}

Play UpdateFetching(const std::string& version, uint64_t bytes) {
  return [version, bytes](Machine& machine) -> Result<> {
    MATIC_TRY(machine.Run());
    const uint64_t before = machine.fetched_bytes();
    MATIC_TRY(Update(machine, version));
    const uint64_t fetched = machine.fetched_bytes() - before;
    if (fetched <= bytes) return {};
    return Fail(ErrorCode::kIo, std::to_string(fetched) + " bytes were fetched, more than " +
                                    std::to_string(bytes));
  };
}

Result<> UpdateAndRollBack(Machine& machine) {
  MATIC_TRY(machine.Run());
  MATIC_TRY(Update(machine, "2.0"));
  return RollBack(machine);
}

Result<> CancelStaged(Machine& machine) {
  MATIC_TRY(machine.Run());
  MATIC_TRY(Update(machine, StagedOnly(machine)));
  return Cancel(machine);
}

Result<> CancelDownload(Machine& machine) {
  MATIC_TRY(machine.Run());
  // So that one write of the payload comes, and no other that could be late.
  machine.StallDownload(10'000);
  machine.Tick();
  MATIC_TRY(machine.engine().ScheduleUpdate(machine.Request("2.0"), machine.caller()));
  MATIC_TRY(machine.AwaitPayload());
  return Cancel(machine);
}

Result<> CancelActivated(Machine& machine) {
  MATIC_TRY(machine.Run());
  machine.HoldReboots(true);
  MATIC_TRY(Update(machine, "2.0"));
  machine.HoldReboots(false);
  return Cancel(machine);
}

Result<> ActivateStaged(Machine& machine) {
  MATIC_TRY(machine.Run());
  MATIC_TRY(Update(machine, StagedOnly(machine)));
  machine.Tick();
  MATIC_TRY(machine.engine().ActivateUpdate("", "", machine.caller()));
  return machine.GoOn();
}

Result<> CancelOnTrial(Machine& machine) {
  MATIC_TRY(UpToTrial(machine));
  machine.HoldTrials(false);
  return Cancel(machine);
}

Result<> RollBackOnTrial(Machine& machine) {
  MATIC_TRY(UpToTrial(machine));
  machine.HoldTrials(false);
  return RollBack(machine);
}

Result<> BackupTornOnTrial(Machine& machine) {
  MATIC_TRY(UpToTrial(machine));
  MATIC_TRY(machine.Damage(machine.layout().disk_bytes - 1));
  machine.SwitchOff();
  machine.HoldTrials(false);
  return machine.Run();
}

Result<> RebootOnTrial(Machine& machine) {
  MATIC_TRY(UpToTrial(machine));
  machine.HoldTrials(false);
  machine.Tick();
  MATIC_TRY(machine.engine().Reboot("a new cable", machine.caller()));
  return machine.GoOn();
}

Result<> UnhealthyStays(Machine& machine) {
  MATIC_TRY(machine.Run());
  engine::ScheduleRequest request = machine.Request("2.0-bad");
  request.enable_auto_rollback = false;
  return Update(machine, request);
}

Result<> WrongDigest(Machine& machine) {
  MATIC_TRY(machine.Run());
  engine::ScheduleRequest request = machine.Request("2.0");
  request.sha256 = SystemOf("3.0").sha256;
  MATIC_TRY(Update(machine, request));
  MATIC_TRY(ExpectFailure(machine));
  return Update(machine, "3.0");
}

Result<> CutDownload(Machine& machine) {
  MATIC_TRY(machine.Run());
  machine.CutDownload(SystemOf("2.0").image.size() * 2 / 3);
  MATIC_TRY(Update(machine, "2.0"));
  return Update(machine, "2.0");
}

}  // namespace matic::crash
