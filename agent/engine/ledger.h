// All that the engine knows and keeps: the update's state, the schedules, the history, the latest
// health report and what needs a person. Thread-safe; watchers wait here for changes.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "agent/engine/history.h"
#include "agent/engine/problem_list.h"
#include "agent/engine/schedule_book.h"
#include "agent/engine/state_store.h"
#include "agent/update/transition.h"
#include "lib/os/clock.h"

namespace matic::engine {

class Ledger {
 public:
  // `trial_deadline` is written into the state for matic-deadline, or a longer one where an update
  // asks for more time for its health checks.
  Ledger(const std::filesystem::path& state_dir, std::chrono::seconds trial_deadline, Clock& clock);

  // Counts from the next step on.
  void SetTrialDeadline(std::chrono::seconds deadline);

  // Reads everything, and tells schedules and history of an end that a power loss kept from them.
  void Load();
  void SetBootId(const std::string& boot_id);

  // Takes a step: the state first, in one durable write with its outcome, then the schedule, then
  // the history. An error is the state's write; with `go_on` the step is taken in memory all the
  // same.
  Result<> Advance(const update::Step& step, bool go_on);

  // The last end where what follows it (aftermath.h) was cut off, by a power loss or the agent's
  // own end. Only once for each end, which is durable when this returns; nothing where it cannot
  // be.
  std::optional<update::Outcome> BeginFollowUp();
  // What follows the last end was done. Where that cannot be kept it may be done once more.
  void EndFollowUp();

  AgentState State() const;
  bool IsQuarantined(const std::string& digest, std::string* reason) const;

  // Creates the schedule, or returns the one of the same request id. kRefused while one is active.
  Result<Schedule> AddSchedule(const ScheduleRequest& request, const Caller& caller, bool* created);
  // The schedule belongs to another run of a fleet from now on, durably.
  Result<Schedule> HandOver(const std::string& id, const std::string& run);
  bool KnowsRequest(const std::string& request_id) const;
  Result<Schedule> FindSchedule(const std::string& id) const;
  std::vector<Schedule> Newest(size_t limit) const;
  std::optional<Schedule> ActiveSchedule() const;
  // Ends a schedule that came to nothing.
  void FailSchedule(const std::string& id, const std::string& reason);
  // For the active schedule; not durable.
  // What is done now, by its name.
  void SetStep(Phase phase, const std::string& name);
  void SetProgress(Phase phase, const Progress& progress);
  void SetWaiting(const std::string& why, std::optional<WallTime> until);
  Result<Engine::Change> WaitForChange(const std::string& id, uint64_t seen,
                                       std::chrono::milliseconds limit);

  // A common cause ends with a report in which its checks pass.
  void SetHealth(const health::Report& report);
  std::optional<health::Report> Health() const;

  Result<std::vector<RollbackRecord>> Rollbacks(size_t limit) const;
  Result<std::vector<HistoryEvent>> Events(size_t limit, std::optional<WallTime> since) const;
  // Into the history, with the time and the boot id where it has none.
  void Note(HistoryEvent event);
  // Called with everything that enters the history, before Load by whoever makes it. It must
  // neither block nor call back.
  using Observer = std::function<void(const HistoryEvent&)>;
  void SetObserver(Observer observer);

  void AddProblem(const std::string& problem);
  // Of what comes and goes: the one of that `kind` is replaced; an empty `problem` ends it.
  void SetProblem(const std::string& kind, const std::string& problem);
  std::vector<std::string> Problems() const;

 private:
  uint32_t DeadlineFor(const update::UpdateState& state) const;
  void MatchSchedules();
  void EndSchedule(const std::string& id, ScheduleState state, const std::string& reason);
  void TellCommonCause(const update::CommonCause& found);
  void EndCommonCause();
  bool SetFollowUp(FollowUp follow_up);
  void Tell(const RecordedOutcome& outcome);
  void NoteLocked(HistoryEvent event);
  void NoteStart(const update::Order& order);
  void ShowState(const update::UpdateState& state);
  void Put(Schedule schedule, bool durable);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Clock& clock_;
  StateStore store_;
  ScheduleBook book_;
  History history_;
  std::chrono::seconds trial_deadline_;
  AgentState state_;
  std::string boot_id_;
  Observer observer_;
  std::optional<health::Report> health_;
  ProblemList problems_;
};

}  // namespace matic::engine
