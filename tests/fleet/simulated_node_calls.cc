// What its API does, call by call, as agent/engine does it.
#include <algorithm>
#include <cstdio>

#include "tests/fleet/simulated_node.h"

namespace matic::fleetsim {
namespace {

constexpr std::array<const char*, 2> kSlotNames = {"slot-a", "slot-b"};

std::string VersionOf(const std::string& digest) {
  if (digest == OldDigest()) return std::string(kOldVersion);
  if (digest == NewDigest()) return std::string(kNewVersion);
  return "image-" + digest.substr(0, 8);
}

std::string HolderText(const v1::Lease& lease) {
  return "run " + lease.run() + " of fleet " + lease.fleet() + " (" + lease.holder() + ")";
}

std::string DigestOf(const v1::ScheduleUpdateRequest& request) {
  return request.sha256().empty() ? NewDigest() : request.sha256();
}

}  // namespace

std::string OldDigest() { return std::string(64, '1'); }
std::string NewDigest() { return std::string(64, '2'); }
std::string LiedDigest() { return std::string(64, '6'); }

bool SimulatedNode::LeaseIsOver() const {
  return lease_.run().empty() ||
         (lease_.stopped_by().empty() && lease_.until().seconds() <= WallSeconds());
}

Result<> SimulatedNode::CheckLease(const std::string& run) const {
  if (lease_.run() != run) {
    return Fail(ErrorCode::kRefused,
                "run " + run + " does not hold this machine" +
                    (LeaseIsOver() ? "" : "; " + HolderText(lease_) + " does"));
  }
  if (lease_.stopped_by().empty()) return {};
  return Fail(ErrorCode::kRefused, HolderText(lease_) + " was stopped by " + lease_.stopped_by());
}

v1::Schedule* SimulatedNode::Find(const std::string& id) {
  if (id.empty()) return schedules_.empty() ? nullptr : &schedules_.back();
  const auto found =
      std::ranges::find_if(schedules_, [&](const v1::Schedule& one) { return one.id() == id; });
  return found == schedules_.end() ? nullptr : &*found;
}

Result<v1::GetStatusResponse> SimulatedNode::GetStatus(Moment now) {
  MATIC_TRY(Arrive(now));
  v1::GetStatusResponse status;
  status.set_node_name(name_);
  status.set_backend("ab");
  status.set_agent_version(MATIC_VERSION);
  status.set_boot_id(name_ + "-" + std::to_string(boots_));
  status.set_phase(PhaseAt(now));
  if (IsOpen()) status.set_schedule_id(newest().id());
  for (size_t i = 0; i < slots_.size(); ++i) {
    v1::Target& target = *status.add_targets();
    target.set_name(kSlotNames[i]);
    target.set_running(i == running_);
    target.set_next(i == running_);
    target.set_on_trial(i == running_ && doing_ == Doing::kOnTrial);
    target.set_bootable(!slots_[i].digest.empty());
    target.set_successful(i == running_ && doing_ != Doing::kOnTrial);
    target.set_version(slots_[i].version);
    target.set_digest(slots_[i].digest);
  }
  if (!LeaseIsOver()) *status.mutable_lease() = lease_;
  return status;
}

Result<v1::GetHealthResponse> SimulatedNode::GetHealth(Moment now) {
  MATIC_TRY(Arrive(now));
  const bool bad =
      fault_ == Fault::kUnhealthy || (fault_ == Fault::kSick && doing_ == Doing::kOnTrial);
  v1::GetHealthResponse health;
  health.set_state(bad ? v1::HEALTH_STATE_UNHEALTHY : v1::HEALTH_STATE_HEALTHY);
  health.mutable_last_updated()->set_seconds(WallSeconds());
  v1::HealthCheck& check = *health.add_checks();
  check.set_name("app");
  check.set_critical(true);
  check.set_result(bad ? v1::CHECK_RESULT_FAILED : v1::CHECK_RESULT_PASSED);
  check.set_attempts(1);
  if (bad) check.set_output("exit code 1");
  return health;
}

Result<v1::PlanUpdateResponse> SimulatedNode::PlanUpdate(const v1::ScheduleUpdateRequest& request,
                                                         Moment now) {
  MATIC_TRY(Arrive(now));
  v1::PlanUpdateResponse plan;
  plan.set_source(request.sha256().empty() ? "https://updates.example/os-2.0.squashfs"
                                           : request.source());
  plan.set_sha256(fault_ == Fault::kLies ? LiedDigest() : DigestOf(request));
  plan.set_version(VersionOf(plan.sha256()));
  plan.set_target(kSlotNames[1 - running_]);
  plan.set_previous(kSlotNames[running_]);
  plan.set_possible(true);
  v1::PlanCheck& source = *plan.add_checks();
  source.set_name("source");
  source.set_passed(true);
  return plan;
}

Result<v1::Schedule> SimulatedNode::ScheduleUpdate(const v1::ScheduleUpdateRequest& request,
                                                   Moment now) {
  MATIC_TRY(Arrive(now));
  for (const v1::Schedule& known : schedules_) {
    if (request.request_id().empty() || known.request_id() != request.request_id()) continue;
    return GetSchedule(known.id(), now);
  }
  if (!request.run().empty()) MATIC_TRY(CheckLease(request.run()));
  if (IsOpen() || doing_ != Doing::kNothing) {
    return Fail(ErrorCode::kRefused, "another update is under way");
  }
  v1::Schedule schedule;
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%03zu", schedules_.size() + 1);
  schedule.set_id(std::string("sched-20260101-") + number.data());
  schedule.set_state(v1::SCHEDULE_STATE_IN_PROGRESS);
  schedule.set_source(request.source());
  schedule.set_sha256(DigestOf(request));
  schedule.set_version(VersionOf(schedule.sha256()));
  schedule.set_enable_auto_rollback(request.enable_auto_rollback());
  schedule.set_stop_after(request.stop_after());
  schedule.set_target(kSlotNames[1 - running_]);
  schedule.set_previous(kSlotNames[running_]);
  schedule.set_request_id(request.request_id());
  schedule.set_run(request.run());
  schedule.set_comment(request.comment());
  schedule.mutable_created()->set_seconds(WallSeconds());
  schedules_.push_back(schedule);
  slots_[1 - running_] = {};  // what was there is being overwritten
  Enter(Doing::kStaging, now);
  return Shown(now);
}

Result<v1::Schedule> SimulatedNode::GetSchedule(const std::string& id, Moment now) {
  MATIC_TRY(Arrive(now));
  const v1::Schedule* schedule = Find(id);
  if (schedule == nullptr) return Fail(ErrorCode::kNotFound, "no schedule " + id);
  return schedule == &schedules_.back() ? Shown(now) : *schedule;
}

Result<v1::Schedule> SimulatedNode::Activate(const std::string& id, const std::string& run,
                                             Moment now) {
  MATIC_TRY(Arrive(now));
  v1::Schedule* schedule = Find(id);
  if (schedule == nullptr) return Fail(ErrorCode::kNotFound, "no schedule " + id);
  if (!run.empty()) MATIC_TRY(CheckLease(run));
  if (doing_ != Doing::kStaged || schedule != &schedules_.back()) {
    return Fail(ErrorCode::kRefused, id + " does not wait for its activation");
  }
  if (!run.empty()) schedule->set_run(run);
  ++counts_.activated;
  Enter(Doing::kRebooting, now);
  return Shown(now);
}

Result<v1::Schedule> SimulatedNode::Cancel(const std::string& id, const std::string& reason,
                                           Moment now) {
  MATIC_TRY(Arrive(now));
  const v1::Schedule* schedule = Find(id);
  if (schedule == nullptr) return Fail(ErrorCode::kNotFound, "no schedule " + id);
  if (schedule != &schedules_.back()) return *schedule;
  if (doing_ == Doing::kOnTrial) {
    GoBack(v1::SCHEDULE_STATE_ROLLED_BACK, reason, now);
  } else if (IsOpen()) {
    slots_[1 - running_] = {};
    End(v1::SCHEDULE_STATE_CANCELLED, reason);
    Enter(Doing::kNothing, now);
  }
  return Shown(now);
}

Result<v1::TriggerRollbackResponse> SimulatedNode::Rollback(Moment now) {
  MATIC_TRY(Arrive(now));
  if (doing_ != Doing::kNothing) return Fail(ErrorCode::kRefused, "an update is under way");
  if (slots_[1 - running_].digest.empty()) {
    return Fail(ErrorCode::kRefused, "there is nothing to go back to");
  }
  v1::TriggerRollbackResponse response;
  response.set_from(kSlotNames[running_]);
  response.set_to(kSlotNames[1 - running_]);
  ++counts_.went_back;
  Enter(Doing::kGoingBack, now);
  return response;
}

Result<v1::RebootResponse> SimulatedNode::Reboot(Moment now) {
  MATIC_TRY(Arrive(now));
  if (doing_ != Doing::kNothing && doing_ != Doing::kStaged) {
    return Fail(ErrorCode::kRefused, "an update is under way");
  }
  Enter(Doing::kRestarting, now);
  return v1::RebootResponse();
}

Result<v1::Lease> SimulatedNode::AcquireLease(const v1::AcquireLeaseRequest& request, Moment now) {
  MATIC_TRY(Arrive(now));
  const bool same = lease_.run() == request.run();
  if (same && !lease_.stopped_by().empty()) return Fail(CheckLease(request.run()).error());
  if (!same && !LeaseIsOver() && lease_.stopped_by().empty()) {
    return Fail(ErrorCode::kRefused, HolderText(lease_) + " holds this machine; wait for its end");
  }
  lease_ = {};
  lease_.set_fleet(request.fleet());
  lease_.set_run(request.run());
  lease_.set_holder(request.holder());
  lease_.mutable_until()->set_seconds(WallSeconds() + request.seconds());
  return lease_;
}

Result<v1::ReleaseLeaseResponse> SimulatedNode::ReleaseLease(const std::string& run, Moment now) {
  MATIC_TRY(Arrive(now));
  if (lease_.run() == run && lease_.stopped_by().empty()) lease_ = {};
  return v1::ReleaseLeaseResponse();
}

Result<v1::StopRunResponse> SimulatedNode::StopRun(const v1::StopRunRequest& request, Moment now) {
  MATIC_TRY(Arrive(now));
  const bool held = !lease_.run().empty() && lease_.stopped_by().empty();
  if (request.run().empty() ? lease_.run().empty() : held && lease_.run() != request.run()) {
    return Fail(ErrorCode::kNotFound, "run " + request.run() + " does not hold this machine");
  }
  if (!request.run().empty() && lease_.run() != request.run()) {
    lease_.Clear();
    lease_.set_run(request.run());
  }
  if (lease_.stopped_by().empty()) {
    lease_.set_stopped_by("whoever asked");
    lease_.mutable_stopped()->set_seconds(WallSeconds());
  }
  v1::StopRunResponse response;
  *response.mutable_lease() = lease_;
  if (schedules_.empty() || newest().run() != lease_.run()) return response;
  const std::string reason = "the run " + lease_.run() + " was stopped";
  // It goes back already where something is under way; and what the run did not bring stays.
  const bool updated = newest_state() == v1::SCHEDULE_STATE_COMPLETED &&
                       doing_ == Doing::kNothing && slots_[running_].digest == newest().sha256();
  if (IsOpen() && (doing_ != Doing::kOnTrial || request.revert())) {
    MATIC_TRY(Cancel("", reason, now));
  } else if (updated && request.revert()) {
    MATIC_TRY(Rollback(now));
  }
  response.set_rolling_back(doing_ == Doing::kGoingBack);
  *response.mutable_schedule() = Shown(now);
  return response;
}

}  // namespace matic::fleetsim
