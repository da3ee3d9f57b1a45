// What the runs of fleets ask of a machine.
#include <spdlog/spdlog.h>

#include <cstdint>

#include "agent/engine/update_engine.h"

namespace matic::engine {

Result<Lease> UpdateEngine::AcquireLease(const LeaseRequest& request, const Caller& caller) {
  const std::optional<Lease> before = lease_.Current();
  MATIC_ASSIGN(Lease lease, lease_.Acquire(request));
  if (!before || before->run != lease.run) {
    spdlog::info("held by run {} of fleet {} for {}, asked for by {}", lease.run, lease.fleet,
                 lease.holder, caller.description);
  }
  return lease;
}

Result<> UpdateEngine::ReleaseLease(const std::string& run, const Caller&) {
  return lease_.Release(run);
}

namespace {

// The one that is under way, else the last that was asked for. Ids are no order: the clock may have
// been set back since, and others may have updated the machine.
std::optional<Schedule> ScheduleOf(const std::string& run, const Ledger& ledger) {
  std::optional<Schedule> found = ledger.ActiveSchedule();
  if (found && found->request.run == run) return found;
  found.reset();
  for (const Schedule& schedule : ledger.Newest(SIZE_MAX)) {
    if (schedule.request.run != run) continue;
    if (!found || schedule.created > found->created) found = schedule;
  }
  return found;
}

// Another update may have gone to the same slot since.
bool IsFrom(const Schedule& schedule, const update::Target& running, const std::string& digest) {
  const auto differ = [](const std::string& one, const std::string& other) {
    return !one.empty() && !other.empty() && one != other;
  };
  return running.name == schedule.target && !differ(running.version, schedule.version) &&
         !differ(digest, schedule.request.sha256);
}

}  // namespace

Result<bool> UpdateEngine::Leave(const Schedule& schedule, const std::string& reason,
                                 const Caller& caller) {
  const AgentState state = ledger_.State();
  const auto* back = std::get_if<update::RollingBack>(&state.update);
  if (back != nullptr && back->trial.image.target == schedule.target) return true;
  MATIC_ASSIGN(const update::Facts facts, ReadDisk());
  const update::Target* running = facts.Running();
  if (running == nullptr) return Fail(ErrorCode::kInternal, "no system is known to run");
  if (!IsFrom(schedule, *running, DigestIn(state, *running))) {
    spdlog::info("{} runs, which {} did not bring: it stays", running->name, schedule.id);
    return false;
  }
  MATIC_TRY(TriggerRollback({.reason = reason, .target = schedule.previous}, caller));
  return true;
}

// The lease first: from then on nothing of the run begins, and what has begun is dealt with after.
Result<StoppedRun> UpdateEngine::StopRun(const std::string& run, bool revert,
                                         const Caller& caller) {
  StoppedRun stopped;
  {
    const std::scoped_lock lock(beginning_);
    MATIC_ASSIGN(stopped.lease, lease_.Stop(run, caller.description));
  }
  spdlog::warn("run {} of fleet {} was stopped by {}", stopped.lease.run, stopped.lease.fleet,
               caller.description);
  stopped.schedule = ScheduleOf(stopped.lease.run, ledger_);
  if (!stopped.schedule) return stopped;
  const std::string reason = "the run " + stopped.lease.run + " was stopped";
  const bool tried = stopped.schedule->phase == Phase::kOnTrial ||
                     stopped.schedule->phase == Phase::kConfirming ||
                     stopped.schedule->phase == Phase::kRollingBack;
  if (!HasEnded(stopped.schedule->state)) {
    if (tried && !revert) return stopped;
    MATIC_ASSIGN(stopped.schedule, CancelSchedule(stopped.schedule->id, reason, caller));
    stopped.rolling_back = stopped.schedule->phase == Phase::kRollingBack;
    return stopped;
  }
  if (!revert || stopped.schedule->state != ScheduleState::kCompleted) return stopped;
  MATIC_ASSIGN(stopped.rolling_back, Leave(*stopped.schedule, reason, caller));
  return stopped;
}

}  // namespace matic::engine
