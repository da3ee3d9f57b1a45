#include "tests/fakes/engine/fake_engine.h"

#include <cstdio>

namespace matic::engine {
namespace {

WallTime Start() { return WallTime(std::chrono::seconds(1769475600)); }  // 2026-01-27T01:00:00Z

update::Target Slot(const std::string& name, const std::string& device) {
  update::Target slot;
  slot.name = name;
  slot.device = device;
  slot.size_bytes = 512'000'000;
  return slot;
}

Status DefaultStatus() {
  Status status;
  status.node_name = "edge-7";
  status.machine_id = "0123456789abcdef0123456789abcdef";
  status.backend = "ab";
  status.os_version = "1.9";
  status.uptime = std::chrono::seconds(312);
  status.facts.boot_id = "5a1c8f0e-0000-4000-8000-000000000001";
  update::Target a = Slot("slot-a", "/dev/vda2");
  a.running = a.next = a.bootable = a.successful = true;
  a.priority = 2;
  a.version = "1.9";
  status.facts.targets = {a, Slot("slot-b", "/dev/vda3")};
  return status;
}

health::Report DefaultHealth() {
  using health::CheckReport;
  using health::CheckResult;
  using std::chrono::milliseconds;
  return {
      Start(),
      {CheckReport{"boot", true, CheckResult::kPassed, milliseconds(45), 1, "up 312 s"},
       CheckReport{"service", true, CheckResult::kPassed, milliseconds(23), 1,
                   "matic-agent active"},
       CheckReport{"network", false, CheckResult::kFailed, milliseconds(12), 1, "no interface up"},
       CheckReport{"api", true, CheckResult::kPassed, milliseconds(8), 1, "port 50051 answers"}}};
}

bool Ended(const Schedule& schedule) {
  return schedule.state != ScheduleState::kPending && schedule.state != ScheduleState::kInProgress;
}

}  // namespace

FakeEngine::FakeEngine() : status_(DefaultStatus()), health_(DefaultHealth()) {}

Result<FakeEngine::Entry*> FakeEngine::Find(const std::string& id) {
  if (id.empty() && !schedules_.empty()) return &schedules_.rbegin()->second;
  const auto it = schedules_.find(id);
  if (it == schedules_.end()) {
    return Fail(ErrorCode::kNotFound,
                id.empty() ? "there is no schedule yet" : "there is no schedule '" + id + "'");
  }
  return &it->second;
}

void FakeEngine::Touch(Entry& entry) {
  ++entry.revision;
  entry.schedule.updated += std::chrono::seconds(1);
  changed_.notify_all();
}

Result<Schedule> FakeEngine::ScheduleUpdate(const ScheduleRequest& request, const Caller& caller) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, entry] : schedules_) {
    if (!request.request_id.empty() && entry.schedule.request.request_id == request.request_id) {
      return entry.schedule;
    }
    if (!Ended(entry.schedule)) {
      return Fail(ErrorCode::kRefused, id + " runs; one update at a time");
    }
  }
  char id[32];
  std::snprintf(id, sizeof(id), "sched-20260127-%03zu", schedules_.size() + 1);
  Entry entry;
  entry.schedule.id = id;
  entry.schedule.request = request;
  entry.schedule.previous = "slot-a";
  entry.schedule.target = "slot-b";
  entry.schedule.created = entry.schedule.updated = Start();
  entry.schedule.requested_by = caller.description;
  return schedules_.emplace(id, entry).first->second.schedule;
}

Result<Schedule> FakeEngine::ActivateUpdate(const std::string& id, const std::string& run,
                                            const Caller&) {
  const std::scoped_lock lock(mutex_);
  MATIC_ASSIGN(Entry * entry, Find(id));
  if (entry->schedule.phase != Phase::kStaged) {
    return Fail(ErrorCode::kRefused, id + " does not wait after staging");
  }
  if (!run.empty()) entry->schedule.request.run = run;
  entry->schedule.phase = Phase::kActivating;
  Touch(*entry);
  return entry->schedule;
}

Result<Schedule> FakeEngine::GetSchedule(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  MATIC_ASSIGN(const Entry* entry, Find(id));
  return entry->schedule;
}

std::vector<Schedule> FakeEngine::ListSchedules(size_t limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<Schedule> result;
  for (auto it = schedules_.rbegin(); it != schedules_.rend() && result.size() < limit; ++it) {
    result.push_back(it->second.schedule);
  }
  return result;
}

Result<Schedule> FakeEngine::CancelSchedule(const std::string& id, const std::string& reason,
                                            const Caller&) {
  const std::scoped_lock lock(mutex_);
  MATIC_ASSIGN(Entry * entry, Find(id));
  if (entry->schedule.state == ScheduleState::kCancelled) return entry->schedule;
  if (Ended(entry->schedule)) return Fail(ErrorCode::kRefused, id + " has ended");
  entry->schedule.state = ScheduleState::kCancelled;
  entry->schedule.phase = Phase::kNone;
  entry->schedule.reason = reason;
  Touch(*entry);
  return entry->schedule;
}

Result<Engine::Change> FakeEngine::WaitForChange(const std::string& id, uint64_t seen,
                                                 std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  MATIC_ASSIGN(const Entry* entry, Find(id));
  changed_.wait_for(lock, limit, [&] { return entry->revision != seen; });
  return Change{entry->schedule, entry->revision};
}

Result<health::Report> FakeEngine::GetHealth(bool refresh, std::stop_token) {
  const std::scoped_lock lock(mutex_);
  if (broken_) return Fail(*broken_);
  if (refresh) health_.last_updated += std::chrono::seconds(60);
  return health_;
}

Result<Rollback> FakeEngine::TriggerRollback(const RollbackRequest& request, const Caller& caller) {
  const std::string& reason = request.reason;
  Remember("rollback", reason, caller);
  const std::scoped_lock lock(mutex_);
  history_.insert(history_.begin(),
                  RollbackRecord{Start(), RollbackKind::kManual, "slot-b", "slot-a", reason, "", "",
                                 "2.0", status_.facts.boot_id, caller.description});
  return Rollback{"slot-b", "slot-a"};
}

Result<Lease> FakeEngine::AcquireLease(const LeaseRequest& request, const Caller& caller) {
  Remember("lease", request.run, caller);
  return Lease{request.fleet, request.run, request.holder, Start() + request.duration, "", {}};
}

Result<> FakeEngine::ReleaseLease(const std::string& run, const Caller& caller) {
  Remember("release", run, caller);
  return {};
}

Result<StoppedRun> FakeEngine::StopRun(const std::string& run, bool revert, const Caller& caller) {
  Remember("stop", run, caller);
  return StoppedRun{{"fleet", run, "bob", Start(), caller.description, Start()}, {}, revert};
}

Result<std::vector<HistoryEvent>> FakeEngine::GetHistory(size_t limit,
                                                         std::optional<WallTime> since) {
  const std::scoped_lock lock(mutex_);
  std::vector<HistoryEvent> events;
  for (const HistoryEvent& event : events_) {
    if (events.size() < limit && (!since || event.time >= *since)) events.push_back(event);
  }
  return events;
}

Result<std::vector<RollbackRecord>> FakeEngine::GetRollbackHistory(size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (broken_) return Fail(*broken_);
  std::vector<RollbackRecord> records = history_;
  if (records.size() > limit) records.resize(limit);
  return records;
}

Result<Status> FakeEngine::GetStatus() {
  const std::scoped_lock lock(mutex_);
  if (broken_) return Fail(*broken_);
  return status_;
}

Result<bool> FakeEngine::Reboot(const std::string& reason, const Caller& caller) {
  Remember("reboot", reason, caller);
  const std::scoped_lock lock(mutex_);
  return !status_.trial_target.empty();
}

void FakeEngine::Advance(const std::string& id, const std::function<void(Schedule&)>& change) {
  const std::scoped_lock lock(mutex_);
  Entry& entry = schedules_.at(id);
  change(entry.schedule);
  Touch(entry);
}

void FakeEngine::Break(std::optional<Error> how) {
  const std::scoped_lock lock(mutex_);
  broken_ = std::move(how);
}

void FakeEngine::SetHealth(const health::Report& report) {
  const std::scoped_lock lock(mutex_);
  health_ = report;
}

void FakeEngine::SetPlan(const Plan& plan) {
  const std::scoped_lock lock(mutex_);
  plan_ = plan;
}

Result<Plan> FakeEngine::PlanUpdate(const ScheduleRequest&, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!holds_plans_) return plan_;
  ++held_plans_;
  while (!stop.stop_requested()) changed_.wait_for(lock, std::chrono::milliseconds(10));
  --held_plans_;
  return Fail(ErrorCode::kCancelled, "the plan was given up");
}

void FakeEngine::HoldPlans() {
  const std::scoped_lock lock(mutex_);
  holds_plans_ = true;
}

int FakeEngine::held_plans() const {
  const std::scoped_lock lock(mutex_);
  return held_plans_;
}

void FakeEngine::SetHistory(std::vector<HistoryEvent> events) {
  const std::scoped_lock lock(mutex_);
  events_ = std::move(events);
}

void FakeEngine::SetStatus(const Status& status) {
  const std::scoped_lock lock(mutex_);
  status_ = status;
}

Status FakeEngine::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

std::vector<FakeEngine::Request> FakeEngine::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

void FakeEngine::Remember(const std::string& what, const std::string& reason,
                          const Caller& caller) {
  const std::scoped_lock lock(mutex_);
  requests_.push_back(Request{what, reason, caller.description});
}

}  // namespace matic::engine
