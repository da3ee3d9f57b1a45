// An engine without a machine: keeps schedules as the real one does, goes on only when told to, and
// remembers what was asked of it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/engine.h"

namespace matic::engine {

class FakeEngine final : public Engine {
 public:
  FakeEngine();

  // Engine. Ids are sched-20260127-001 and so on; an update while another runs is kRefused.
  Result<Schedule> ScheduleUpdate(const ScheduleRequest& request, const Caller& caller) override;
  Result<Plan> PlanUpdate(const ScheduleRequest& request, std::stop_token stop) override;
  Result<Schedule> ActivateUpdate(const std::string& id, const std::string& run,
                                  const Caller& caller) override;
  Result<Schedule> GetSchedule(const std::string& id) override;
  std::vector<Schedule> ListSchedules(size_t limit) override;
  Result<Schedule> CancelSchedule(const std::string& id, const std::string& reason,
                                  const Caller& caller) override;
  Result<Change> WaitForChange(const std::string& id, uint64_t seen,
                               std::chrono::milliseconds limit) override;
  Result<health::Report> GetHealth(bool refresh, std::stop_token stop) override;
  Result<Rollback> TriggerRollback(const RollbackRequest& request, const Caller& caller) override;
  Result<std::vector<RollbackRecord>> GetRollbackHistory(size_t limit) override;
  Result<std::vector<HistoryEvent>> GetHistory(size_t limit,
                                               std::optional<WallTime> since) override;
  Result<Status> GetStatus() override;
  Result<Lease> AcquireLease(const LeaseRequest& request, const Caller& caller) override;
  Result<> ReleaseLease(const std::string& run, const Caller& caller) override;
  Result<StoppedRun> StopRun(const std::string& run, bool revert, const Caller& caller) override;
  Result<bool> Reboot(const std::string& reason, const Caller& caller) override;

  // A new revision of the schedule, which must exist.
  void Advance(const std::string& id, const std::function<void(Schedule&)>& change);
  void SetHealth(const health::Report& report);
  void SetPlan(const Plan& plan);
  // From now on a plan takes until it is stopped.
  void HoldPlans();
  int held_plans() const;
  void SetStatus(const Status& status);
  void SetHistory(std::vector<HistoryEvent> events);  // newest first
  Status status() const;
  // What is asked of status, health and history fails so from now on; nothing: it answers again.
  void Break(std::optional<Error> how);

  struct Request {
    std::string what;  // "rollback", "reboot"
    std::string reason;
    std::string caller;
  };
  std::vector<Request> requests() const;

 private:
  struct Entry {
    Schedule schedule;
    uint64_t revision = 1;
  };

  Result<Entry*> Find(const std::string& id);
  void Touch(Entry& entry);
  void Remember(const std::string& what, const std::string& reason, const Caller& caller);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry> schedules_;
  Status status_;
  std::optional<Error> broken_;
  health::Report health_;
  std::vector<RollbackRecord> history_;
  std::vector<HistoryEvent> events_;
  Plan plan_;
  bool holds_plans_ = false;
  int held_plans_ = 0;
  std::vector<Request> requests_;
};

}  // namespace matic::engine
