#include "osctl/fleet/run/machine_steps.h"

#include <algorithm>
#include <map>
#include <utility>

#include "osctl/client/schedule_end.h"

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;
using osctl::HasEnded;

constexpr size_t kRevisionDigits = 40;

bool IsStagedOrOver(const v1::Schedule& schedule) {
  return schedule.phase() == v1::PHASE_STAGED || HasEnded(schedule);
}

std::string WhyEnded(const v1::Schedule& schedule) {
  if (schedule.state() == v1::SCHEDULE_STATE_COMPLETED) return {};
  return schedule.reason().empty() ? "the update did not come to a good end" : schedule.reason();
}

v1::UpdateMode ModeOf(const std::string& mode) {
  if (mode == "auto") return v1::UPDATE_MODE_AUTO;
  if (mode == "switch") return v1::UPDATE_MODE_SWITCH;
  if (mode == "boot") return v1::UPDATE_MODE_BOOT;
  if (mode == "build") return v1::UPDATE_MODE_BUILD;
  return v1::UPDATE_MODE_UNSPECIFIED;
}

// A path in the store, or a flake at a revision: it is the same whenever it is staged.
bool IsOfOneRevision(const std::string& source) {
  if (source.starts_with("/nix/store/")) return true;
  size_t digits = 0;
  for (const char c : source) {
    digits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ? digits + 1 : 0;
    if (digits == kRevisionDigits) return true;
  }
  return false;
}

}  // namespace

bool StagesTheSame(const v1::Schedule& staged, const v1::ScheduleUpdateRequest& request) {
  if (!request.sha256().empty()) return staged.sha256() == request.sha256();
  return staged.source() == request.source() && staged.mode() == request.mode() &&
         IsOfOneRevision(request.source());
}

bool TakesReboot(const v1::GetStatusResponse& status, const v1::Schedule& schedule) {
  return status.backend() == "ab" || schedule.reboot_reasons_size() > 0;
}

bool MayPass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadline;
}

UnderWay UnderWayOf(const v1::GetStatusResponse& status) {
  static const std::map<v1::Phase, UnderWay> kKnown = {
      {v1::PHASE_WAITING, UnderWay::kStaging},
      {v1::PHASE_CHECKING, UnderWay::kStaging},
      {v1::PHASE_FETCHING, UnderWay::kStaging},
      {v1::PHASE_BUILDING, UnderWay::kStaging},
      {v1::PHASE_STAGING, UnderWay::kStaging},
      {v1::PHASE_VERIFYING, UnderWay::kStaging},
      {v1::PHASE_STAGED, UnderWay::kStaged},
      {v1::PHASE_ACTIVATING, UnderWay::kActivating},
      {v1::PHASE_REBOOTING, UnderWay::kActivating},
      {v1::PHASE_ON_TRIAL, UnderWay::kOnTrial},
      {v1::PHASE_CONFIRMING, UnderWay::kOnTrial},
      {v1::PHASE_ROLLING_BACK, UnderWay::kRollingBack}};
  const auto found = kKnown.find(status.phase());
  return found == kKnown.end() ? UnderWay::kNothing : found->second;
}

const v1::Target* RunningOf(const v1::GetStatusResponse& status) {
  const auto& targets = status.targets();
  const auto found = std::ranges::find_if(targets, &v1::Target::running);
  return found == targets.end() ? nullptr : &*found;
}

bool IsHealthy(const v1::GetHealthResponse& health) {
  return health.state() == v1::HEALTH_STATE_HEALTHY || health.state() == v1::HEALTH_STATE_DEGRADED;
}

Result<v1::ScheduleUpdateRequest> StageRequest(const PinnedTarget& target,
                                               const RunIdentity& identity,
                                               const std::string& machine) {
  v1::ScheduleUpdateRequest request;
  if (const auto* channel = std::get_if<ChannelTarget>(&target.target)) {
    request.set_source(channel->url);
    request.set_sha256(target.digest);
  } else if (const auto* image = std::get_if<ImageTarget>(&target.target)) {
    // Agents take no source for their own channel, which nobody meant here.
    if (image->url.empty() || image->sha256.empty()) {
      return Fail(ErrorCode::kCorrupt, "what the run pinned for '" + machine +
                                           "' is an image without its " +
                                           (image->url.empty() ? "URL" : "SHA-256") +
                                           ", so nothing is staged; osctl fleet run pins anew");
    }
    request.set_source(image->url);
    request.set_sha256(image->sha256);
  } else if (const auto* flake = std::get_if<FlakeTarget>(&target.target)) {
    request.set_source(flake->flake);
    request.set_mode(ModeOf(flake->mode));
  } else {
    request.set_sha256(target.digest);  // of its own channel
  }
  request.set_enable_auto_rollback(true);
  request.set_health_check_timeout_seconds(
      static_cast<uint32_t>(identity.health_check_timeout.count()));
  request.set_stop_after(v1::STOP_AFTER_STAGED);
  // The same step again, by this controller or the next, is the same update.
  request.set_request_id(identity.run + "/" + machine);
  request.set_run(identity.run);
  request.set_comment("fleet " + identity.fleet);
  return request;
}

MachineSteps::Outcome MachineSteps::Carry(Step step, const PlannedMachine& machine) {
  switch (step) {
    case Step::kStage:
      return Stage(machine);
    case Step::kActivate:
      return Activate();
    case Step::kReboot:
      if (machine.work == Work::kRestart) return Restart(machine);
      return machine.work == Work::kRollBack ? GoBack(machine) : Reboot();
    case Step::kVerify:
      return Verify(machine.work);
    case Step::kRollBack:
      return RollBack();
    case Step::kCancel:
      return CancelStaged();
    case Step::kObserve:
      return Settle();
    case Step::kCheckHealth:
    case Step::kPreScript:
    case Step::kPostScript:
    case Step::kRollbackScript:
      break;
  }
  return std::string();
}

Happening MachineSteps::Do(Step step, const PlannedMachine& machine, bool activated,
                           std::stop_token stop) {
  stop_ = std::move(stop);
  activated = activated || step == Step::kActivate;
  const BootTime limit = clock_.SinceBoot() + pacing_.patience;
  Outcome outcome = Carry(step, machine);
  // A connection that breaks for a moment is no failure of the machine.
  while (!outcome && MayPass(outcome.error()) && clock_.SinceBoot() < limit && Pause()) {
    outcome = Carry(step, machine);
  }
  Result<Seen> seen = Look(machine, activated);
  // One that says nothing is asked until it does, or nobody wants to know any more; before anything
  // was begun there, not for so long.
  const bool begins =
      step == Step::kStage || (step == Step::kReboot && machine.work != Work::kUpdate);
  const bool first = begins && !touched_ && !outcome;
  while (!seen && MayPass(seen.error()) && !(first && clock_.SinceBoot() >= limit) && Pause()) {
    seen = Look(machine, activated);
  }
  if (!seen) {
    const Error& why = outcome ? seen.error() : outcome.error();
    return Failed{machine.name, why.message, MayPass(seen.error())};
  }
  if (!outcome) seen->problem = outcome.error().message;
  if (outcome && !outcome->empty()) seen->problem = *outcome;
  return *std::move(seen);
}

Result<> MachineSteps::Pause() {
  if (clock_.Wait(pacing_.look_again, stop_)) return {};
  return Fail(ErrorCode::kCancelled, "stopped");
}

Result<> MachineSteps::TakeLease() {
  if (leased_ && clock_.SinceBoot() - *leased_ < pacing_.lease / 3) return {};
  v1::AcquireLeaseRequest request;
  request.set_fleet(identity_.fleet);
  request.set_run(identity_.run);
  request.set_holder(identity_.holder);
  request.set_seconds(static_cast<uint32_t>(pacing_.lease.count()));
  MATIC_TRY(node_.AcquireLease(request));
  leased_ = clock_.SinceBoot();
  return {};
}

Result<std::optional<v1::Schedule>> MachineSteps::Own() {
  Result<v1::Schedule> newest = node_.GetSchedule("");
  if (!newest && newest.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!newest) return Fail(newest.error());
  const bool own = newest->run() == identity_.run;
  const bool staged_before = !newest->run().empty() && newest->phase() == v1::PHASE_STAGED;
  if (!own && !staged_before) return std::nullopt;
  return *std::move(newest);
}

Result<v1::Schedule> MachineSteps::Await(const std::string& id, bool (*done)(const v1::Schedule&)) {
  while (true) {
    Result<v1::Schedule> schedule = node_.GetSchedule(id);
    if (!schedule && !MayPass(schedule.error())) return schedule;
    if (schedule && done(*schedule)) return schedule;
    // Whoever stopped the run has the lease, and the agent acts on that by itself.
    if (schedule) static_cast<void>(TakeLease());
    MATIC_TRY(Pause());
  }
}

// What another run left staged there, and never activated, is either what this one wants or in its
// way.
MachineSteps::Outcome MachineSteps::Stage(const PlannedMachine& machine) {
  MATIC_TRY(TakeLease());
  MATIC_ASSIGN(const v1::ScheduleUpdateRequest request,
               StageRequest(machine.target, identity_, machine.name));
  MATIC_ASSIGN(const std::optional<v1::Schedule> before, Own());
  if (before && before->run() != identity_.run) {
    const bool prepared = before->id() == machine.staged;
    if (prepared || StagesTheSame(*before, request)) return std::string();
    MATIC_TRY(node_.Cancel(before->id(), "another run of the fleet stages anew"));
  }
  MATIC_ASSIGN(v1::Schedule schedule, node_.ScheduleUpdate(request));
  MATIC_ASSIGN(schedule, Await(schedule.id(), IsStagedOrOver));
  return HasEnded(schedule) ? WhyEnded(schedule) : std::string();
}

// What takes a reboot is activated as the first part of that, so that a power loss before begins no
// trial.
MachineSteps::Outcome MachineSteps::Activate() {
  MATIC_TRY(TakeLease());
  MATIC_ASSIGN(const v1::GetStatusResponse status, node_.GetStatus());
  MATIC_ASSIGN(std::optional<v1::Schedule> schedule, Own());
  if (!schedule) return "nothing is staged on it";
  if (schedule->phase() == v1::PHASE_STAGED) {
    if (TakesReboot(status, *schedule)) return std::string();
    touched_ = true;
    MATIC_ASSIGN(*schedule, node_.Activate(schedule->id(), identity_.run));
  }
  MATIC_ASSIGN(*schedule, Await(schedule->id(), HasEnded));
  return WhyEnded(*schedule);
}

MachineSteps::Outcome MachineSteps::Reboot() {
  MATIC_TRY(TakeLease());
  MATIC_ASSIGN(const v1::GetStatusResponse before, node_.GetStatus());
  MATIC_ASSIGN(std::optional<v1::Schedule> schedule, Own());
  if (!schedule) return "no update waits for a reboot on it";
  if (schedule->phase() == v1::PHASE_STAGED) {
    touched_ = true;
    MATIC_ASSIGN(*schedule, node_.Activate(schedule->id(), identity_.run));
  }
  while (!HasEnded(*schedule)) {
    const Result<v1::GetStatusResponse> now = node_.GetStatus();
    if (!now && !MayPass(now.error())) return Fail(now.error());
    if (now && now->boot_id() != before.boot_id()) break;
    if (now && UnderWayOf(*now) == UnderWay::kOnTrial) break;  // taken up after it had rebooted
    MATIC_TRY(Pause());
    if (Result<v1::Schedule> read = node_.GetSchedule(schedule->id())) *schedule = *std::move(read);
  }
  return HasEnded(*schedule) ? WhyEnded(*schedule) : std::string();
}

MachineSteps::Outcome MachineSteps::Verify(Work work) {
  if (!CanBeTakenBack(work)) {
    MATIC_TRY(Settle());
    const Result<> healthy = AwaitHealth();
    return healthy ? std::string() : healthy.error().message;
  }
  Result<std::optional<v1::Schedule>> schedule = Own();
  while (!schedule && MayPass(schedule.error())) {
    MATIC_TRY(Pause());
    schedule = Own();
  }
  if (!schedule) return Fail(schedule.error());
  std::string problem;
  if (*schedule) {
    MATIC_ASSIGN(const v1::Schedule ended, Await((*schedule)->id(), HasEnded));
    problem = WhyEnded(ended);
  }
  if (problem.empty()) {
    if (const Result<> healthy = AwaitHealth(); !healthy) problem = healthy.error().message;
  }
  return problem;
}

// Within the time that the fleet gives its machines; the last word counts.
Result<> MachineSteps::AwaitHealth() {
  const BootTime limit = clock_.SinceBoot() + identity_.health_check_timeout;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(limit - clock_.SinceBoot());
    const Result<v1::GetHealthResponse> health =
        node_.GetHealth(true, std::max<std::chrono::milliseconds>(left, 1s));
    if (health && IsHealthy(*health)) return {};
    if (clock_.SinceBoot() >= limit) {
      if (!health) return Fail(health.error());
      for (const v1::HealthCheck& check : health->checks()) {
        if (!check.critical() || check.result() == v1::CHECK_RESULT_PASSED) continue;
        return Fail(ErrorCode::kRefused, "health check " + check.name() + ": " + check.output());
      }
      return Fail(ErrorCode::kRefused, "not healthy");
    }
    MATIC_TRY(Pause());
  }
}

MachineSteps::Outcome MachineSteps::CancelStaged() {
  MATIC_ASSIGN(const std::optional<v1::Schedule> schedule, Own());
  if (!schedule || schedule->run() != identity_.run || HasEnded(*schedule)) return std::string();
  MATIC_TRY(node_.Cancel(schedule->id(), "the fleet's run gave it up"));
  MATIC_TRY(Await(schedule->id(), HasEnded));
  return std::string();
}

// What was begun there comes to its end first.
MachineSteps::Outcome MachineSteps::Settle() {
  while (true) {
    const Result<v1::GetStatusResponse> status = node_.GetStatus();
    if (!status && !MayPass(status.error())) return Fail(status.error());
    const UnderWay what = status ? UnderWayOf(*status) : UnderWay::kActivating;
    if (what != UnderWay::kStaging && what != UnderWay::kActivating &&
        what != UnderWay::kRollingBack) {
      return std::string();
    }
    MATIC_TRY(Pause());
  }
}

Result<Seen> MachineSteps::Look(const PlannedMachine& machine, bool activated) {
  MATIC_ASSIGN(const v1::GetStatusResponse status, node_.GetStatus());
  MATIC_ASSIGN(const v1::GetHealthResponse health, node_.GetHealth(false, 30s));
  MATIC_ASSIGN(const std::optional<v1::Schedule> schedule, Own());
  Seen seen{.machine = machine.name, .healthy = IsHealthy(health)};
  seen.under_way = UnderWayOf(status);
  if (const v1::Target* running = RunningOf(status)) {
    seen.version = running->version();
    const std::string& digest = machine.target.digest;
    // What a Nix host is to run is known once it was built there.
    const bool as_pinned = !digest.empty() && running->digest() == digest;
    const bool as_scheduled = digest.empty() && schedule && schedule->run() == identity_.run &&
                              schedule->state() != v1::SCHEDULE_STATE_FAILED &&
                              !schedule->target().empty() && running->name() == schedule->target();
    seen.up_to_date = as_pinned || as_scheduled;
  }
  const bool returns = machine.work == Work::kRestart || machine.work == Work::kRollBack;
  if (returns) seen.up_to_date = IsBehind(machine, status);
  if (schedule && schedule->run() == identity_.run && HasEnded(*schedule)) {
    seen.problem = WhyEnded(*schedule);
  }
  seen.reboot_pending = activated && seen.under_way == UnderWay::kStaged && schedule &&
                        TakesReboot(status, *schedule);
  return seen;
}

}  // namespace matic::fleet
