// The Engine: what callers ask for is checked here against the state and the facts, and handed to
// the worker.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "agent/engine/backend.h"
#include "agent/engine/engine.h"
#include "agent/engine/ledger.h"
#include "agent/engine/worker.h"
#include "lib/base/replaceable.h"

namespace matic::engine {

struct EngineOptions {
  std::string node_name;
  std::string machine_id;
  std::string backend_name;  // "ab", "nixos"
  std::string os_version;
  std::chrono::seconds default_health_timeout{300};
  // For updates that say nothing of their own.
  calendar::Rules maintenance;
  std::chrono::seconds reboot_delay{0};
  bool allow_reboot = true;
  update::Mode default_mode = update::Mode::kAuto;
};

class UpdateEngine final : public Engine {
 public:
  UpdateEngine(EngineOptions options, Backend& backend, SourceResolver& resolver,
               health::CheckRunner& checks, const Preparation& preparation,
               const hooks::Runner& hooks, Clock& clock, Ledger& ledger, Worker& worker,
               RunLease& lease);

  // Thread-safe; for updates that are scheduled from now on.
  void Configure(EngineOptions options) { options_.Replace(std::move(options)); }

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

 private:
  // Whether the machine may take an update at all, now.
  Result<update::Facts> ReadDisk();
  Result<> CheckQuarantine(const ScheduleRequest& request) const;
  Result<> MayStage(const ScheduleRequest& request);
  Result<health::Report> Check(bool on_trial, std::stop_token stop);
  // Whether it goes back, or does already.
  Result<bool> Leave(const Schedule& schedule, const std::string& reason, const Caller& caller);
  // With what the machine's configuration says where the request does not.
  ScheduleRequest Complete(const ScheduleRequest& request) const;
  void PlanSource(const ScheduleRequest& request, const std::string& running_version, Plan& plan,
                  const std::stop_token& stop);

  Replaceable<EngineOptions> options_;
  Backend& backend_;
  SourceResolver& resolver_;
  health::CheckRunner& checks_;
  const Preparation& preparation_;
  const hooks::Runner& hooks_;
  Clock& clock_;
  Ledger& ledger_;
  Worker& worker_;
  RunLease& lease_;
  std::mutex mutex_;  // of checking_
  std::condition_variable_any checked_;
  bool checking_ = false;  // one round of checks at a time
  // From the last look at what may begin until the worker has been told: an update, a rollback and
  // the stop of a run go one after the other.
  std::mutex beginning_;
};

// Of the image that this agent put into `target`; empty where it does not know.
std::string DigestIn(const AgentState& state, const update::Target& target);

// The event of a rollback by hand, with the system to go back to.
Result<update::RollbackRequested> RollbackByHand(const AgentState& state,
                                                 const update::Facts& facts,
                                                 const RollbackRequest& request,
                                                 const std::string& requested_by);

}  // namespace matic::engine
