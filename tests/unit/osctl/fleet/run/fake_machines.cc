#include "tests/unit/osctl/fleet/run/fake_machines.h"

#include <utility>

namespace matic::fleet {
namespace {

std::string Other(const std::string& slot) { return slot == "slot-a" ? "slot-b" : "slot-a"; }

bool Open(const v1::Schedule& schedule) {
  return schedule.state() == v1::SCHEDULE_STATE_IN_PROGRESS;
}

void End(v1::Schedule& schedule, v1::ScheduleState state, const std::string& reason) {
  schedule.set_state(state);
  schedule.set_phase(v1::PHASE_UNSPECIFIED);
  schedule.set_reason(reason);
}

// Or is its own channel.
bool IsSigned(const std::string& source) { return source.empty() || IsManifestUrl(source); }

// A trial comes to its end the next time that somebody looks.
void Settle(FakeMachine& machine) {
  if (machine.schedule.phase() != v1::PHASE_ON_TRIAL) return;
  if (machine.misbehaviour != Misbehaviour::kSick) {
    return End(machine.schedule, v1::SCHEDULE_STATE_COMPLETED, "");
  }
  machine.running = Other(machine.running);
  ++machine.boots;
  End(machine.schedule, v1::SCHEDULE_STATE_ROLLED_BACK, "health check service: app died");
}

class FakeNode final : public Node {
 public:
  FakeNode(FakeMachines& machines, std::string host)
      : machines_(machines), host_(std::move(host)) {}

  Result<v1::GetStatusResponse> GetStatus() override {
    return Do<v1::GetStatusResponse>([](FakeMachine& machine) -> Result<v1::GetStatusResponse> {
      v1::GetStatusResponse status;
      status.set_backend("ab");
      status.set_boot_id(std::to_string(machine.boots));
      for (const auto& [name, digest] : machine.digests) {
        v1::Target& target = *status.add_targets();
        target.set_name(name);
        target.set_running(name == machine.running);
        target.set_digest(digest);
        target.set_version("version " + digest);
      }
      if (Open(machine.schedule)) {
        status.set_phase(machine.schedule.phase());
        status.set_schedule_id(machine.schedule.id());
      }
      Settle(machine);
      return status;
    });
  }

  Result<v1::GetHealthResponse> GetHealth(bool, std::chrono::milliseconds) override {
    return Do<v1::GetHealthResponse>([](FakeMachine& machine) -> Result<v1::GetHealthResponse> {
      v1::GetHealthResponse health;
      const bool bad = machine.misbehaviour == Misbehaviour::kUnhealthy;
      health.set_state(bad ? v1::HEALTH_STATE_UNHEALTHY : v1::HEALTH_STATE_HEALTHY);
      return health;
    });
  }

  Result<v1::PlanUpdateResponse> PlanUpdate(const v1::ScheduleUpdateRequest&) override {
    return Do<v1::PlanUpdateResponse>(
        [](FakeMachine& machine) -> Result<v1::PlanUpdateResponse> { return machine.plan; });
  }

  Result<v1::Schedule> ScheduleUpdate(const v1::ScheduleUpdateRequest& request) override {
    return Do<v1::Schedule>([&](FakeMachine& machine) -> Result<v1::Schedule> {
      if (machine.requests.contains(request.request_id())) return machine.schedule;
      if (request.run() != machine.lease || machine.stopped == request.run()) {
        return Fail(ErrorCode::kRefused, "run " + request.run() + " does not hold this machine");
      }
      if (Open(machine.schedule)) return Fail(ErrorCode::kRefused, "an update is under way");
      machine.requests.insert(request.request_id());
      ++machine.staged;
      machine.schedule = {};
      machine.schedule.set_id("sched-20260302-" + std::to_string(machine.staged));
      machine.schedule.set_run(request.run());
      machine.schedule.set_source(request.source());
      machine.schedule.set_sha256(request.sha256());
      machine.schedule.set_state(v1::SCHEDULE_STATE_IN_PROGRESS);
      machine.schedule.set_phase(v1::PHASE_STAGED);
      machine.schedule.set_target(Other(machine.running));
      machine.digests[Other(machine.running)] = request.sha256();
      if (machine.misbehaviour == Misbehaviour::kStagingFails) {
        End(machine.schedule, v1::SCHEDULE_STATE_FAILED, "HTTP 404");
      }
      if (IsSigned(request.source()) && request.sha256() != machine.named) {
        machine.digests[Other(machine.running)] = "";
        End(machine.schedule, v1::SCHEDULE_STATE_FAILED, request.sha256() + " was asked for");
      }
      return machine.schedule;
    });
  }

  Result<v1::Schedule> GetSchedule(const std::string&) override {
    return Do<v1::Schedule>([](FakeMachine& machine) -> Result<v1::Schedule> {
      if (machine.schedule.id().empty()) return Fail(ErrorCode::kNotFound, "none");
      const v1::Schedule now = machine.schedule;
      Settle(machine);
      return now;
    });
  }

  Result<v1::Schedule> Activate(const std::string&, const std::string& run) override {
    return Do<v1::Schedule>([&](FakeMachine& machine) -> Result<v1::Schedule> {
      if (machine.stopped == run) return Fail(ErrorCode::kRefused, "the run was stopped");
      machine.schedule.set_run(run);
      machine.schedule.set_phase(v1::PHASE_ON_TRIAL);
      machine.running = Other(machine.running);
      ++machine.boots;
      machine.away = machine.misbehaviour == Misbehaviour::kStaysAway;
      return machine.schedule;
    });
  }

  Result<v1::Schedule> Cancel(const std::string&, const std::string& reason) override {
    return Do<v1::Schedule>([&](FakeMachine& machine) -> Result<v1::Schedule> {
      if (machine.schedule.phase() == v1::PHASE_ON_TRIAL) {
        machine.running = Other(machine.running);
        ++machine.boots;
      }
      if (Open(machine.schedule)) End(machine.schedule, v1::SCHEDULE_STATE_CANCELLED, reason);
      return machine.schedule;
    });
  }

  Result<> Rollback(const v1::TriggerRollbackRequest&) override {
    const auto done = Do<bool>([](FakeMachine& machine) -> Result<bool> {
      machine.running = Other(machine.running);
      ++machine.boots;
      ++machine.rollbacks;
      return true;
    });
    if (!done) return Fail(done.error());
    return {};
  }

  Result<> Reboot(const std::string&) override {
    const auto done = Do<bool>([](FakeMachine& machine) -> Result<bool> {
      ++machine.boots;
      ++machine.restarts;
      machine.away = machine.misbehaviour == Misbehaviour::kStaysAway;
      return true;
    });
    if (!done) return Fail(done.error());
    return {};
  }

  Result<> AcquireLease(const v1::AcquireLeaseRequest& request) override {
    const auto taken = Do<bool>([&](FakeMachine& machine) -> Result<bool> {
      if (machine.stopped == request.run()) return Fail(ErrorCode::kRefused, "run was stopped");
      if (!machine.lease.empty() && machine.lease != request.run()) {
        return Fail(ErrorCode::kRefused, machine.lease + " holds this machine");
      }
      machine.lease = request.run();
      return true;
    });
    if (!taken) return Fail(taken.error());
    return {};
  }

  Result<> ReleaseLease(const std::string& run) override {
    const auto given = Do<bool>([&](FakeMachine& machine) -> Result<bool> {
      if (machine.lease == run) machine.lease.clear();
      return true;
    });
    if (!given) return Fail(given.error());
    return {};
  }

  Result<v1::StopRunResponse> StopRun(const std::string& run, bool) override {
    return Do<v1::StopRunResponse>([&](FakeMachine& machine) -> Result<v1::StopRunResponse> {
      machine.stopped = run;
      return v1::StopRunResponse();
    });
  }

 private:
  template <typename Answer, typename Work>
  Result<Answer> Do(const Work& work) {
    return machines_.With(host_, [&](FakeMachine& machine) -> Result<Answer> {
      if (machine.silent > 0) {
        --machine.silent;
        return Fail(ErrorCode::kUnavailable, host_ + ": connection refused");
      }
      if (machine.away || machine.misbehaviour == Misbehaviour::kOffline) {
        return Fail(ErrorCode::kUnavailable, "cannot reach " + host_);
      }
      return work(machine);
    });
  }

  FakeMachines& machines_;
  const std::string host_;
};

}  // namespace

v1::PlanUpdateResponse FakeMachine::PlanOf(const std::string& digest) {
  v1::PlanUpdateResponse plan;
  plan.set_source("https://mirror/os-2.0.squashfs");
  plan.set_sha256(digest);
  plan.set_version("2.0");
  v1::PlanCheck& check = *plan.add_checks();
  check.set_name("source");
  check.set_passed(true);
  return plan;
}

Result<std::unique_ptr<Node>> FakeMachines::Open(const Address& address) {
  const std::string& host = std::get<TlsAddress>(address).host;
  With(host, [](FakeMachine& machine) { ++machine.opened; });
  return std::make_unique<FakeNode>(*this, host);
}

void FakeMachines::Set(const std::string& host, Misbehaviour misbehaviour) {
  const std::scoped_lock lock(mutex_);
  machines_[host].misbehaviour = misbehaviour;
}

FakeMachine FakeMachines::Get(const std::string& host) {
  const std::scoped_lock lock(mutex_);
  return machines_[host];
}

}  // namespace matic::fleet
