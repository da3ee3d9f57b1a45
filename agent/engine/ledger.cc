#include "agent/engine/ledger.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>

#include "agent/config/config.h"
#include "agent/engine/aftermath.h"
#include "agent/engine/judgement.h"
#include "agent/engine/update_json.h"
#include "lib/http/url.h"
#include "lib/os/clock.h"

namespace matic::engine {
namespace {

ScheduleState EndState(update::Outcome::End end) {
  switch (end) {
    case update::Outcome::End::kCompleted:
      return ScheduleState::kCompleted;
    case update::Outcome::End::kFailed:
      return ScheduleState::kFailed;
    case update::Outcome::End::kRolledBack:
      return ScheduleState::kRolledBack;
    case update::Outcome::End::kCancelled:
      return ScheduleState::kCancelled;
  }
  return ScheduleState::kFailed;
}

}  // namespace

Ledger::Ledger(const std::filesystem::path& state_dir, std::chrono::seconds trial_deadline,
               Clock& clock)
    : clock_(clock),
      store_(state_dir / "rollback_state.json"),
      book_(state_dir / "update-schedule.json"),
      history_(state_dir / "history.jsonl"),
      trial_deadline_(trial_deadline) {}

void Ledger::SetBootId(const std::string& boot_id) {
  std::lock_guard lock(mutex_);
  boot_id_ = boot_id;
}

void Ledger::SetTrialDeadline(std::chrono::seconds deadline) {
  std::lock_guard lock(mutex_);
  trial_deadline_ = deadline;
}

void Ledger::Load() {
  std::lock_guard lock(mutex_);
  StateStore::Loaded loaded = store_.Load();
  state_ = std::move(loaded.state);
  if (!loaded.problem.empty()) problems_.Add(loaded.problem);
  if (std::string problem = book_.Load(); !problem.empty()) problems_.Add(problem);
  if (state_.last_outcome) Tell(*state_.last_outcome);
  MatchSchedules();
}

Result<> Ledger::Advance(const update::Step& step, bool go_on) {
  std::lock_guard lock(mutex_);
  const uint32_t deadline = DeadlineFor(step.next);
  if (step.next == state_.update && !step.outcome && !step.common_cause &&
      state_.trial_deadline_seconds == deadline) {
    ShowState(step.next);
    return {};
  }
  const std::string now = FormatTime(clock_.Now());
  AgentState next = state_;
  next.update = step.next;
  next.trial_deadline_seconds = deadline;
  if (const update::Trial* trial = update::TrialOf(step.next)) {
    next.previous_partition = trial->previous;
    next.boot_counter = trial->boot_counter;
  }
  if (step.outcome) {
    next.last_outcome =
        RecordedOutcome{.id = boot_id_ + "/" + std::to_string(clock_.SinceBoot().count()),
                        .time = now,
                        .boot_id = boot_id_,
                        .outcome = *step.outcome,
                        .follow_up = HasFollowUp(*step.outcome) ? FollowUp::kDue : FollowUp::kDone};
    Judge(next, *step.outcome, now);
  }
  if (step.common_cause) Acquit(next, *step.common_cause, now);
  Result<> saved = store_.Save(next);
  if (!saved) {
    problems_.Add("the state cannot be kept: " + saved.error().message);
    if (!go_on) return saved;
  }
  const bool begins = std::holds_alternative<update::Waiting>(state_.update) &&
                      std::holds_alternative<update::Staging>(next.update);
  state_ = std::move(next);
  if (begins) NoteStart(*update::OrderOf(state_.update));
  if (step.outcome) Tell(*state_.last_outcome);
  if (step.common_cause) TellCommonCause(*step.common_cause);
  ShowState(step.next);
  return {};
}

std::optional<update::Outcome> Ledger::BeginFollowUp() {
  std::lock_guard lock(mutex_);
  if (!state_.last_outcome || state_.last_outcome->follow_up != FollowUp::kDue) return {};
  if (!SetFollowUp(FollowUp::kAgain)) return {};
  return state_.last_outcome->outcome;
}

void Ledger::EndFollowUp() {
  std::lock_guard lock(mutex_);
  if (!state_.last_outcome || state_.last_outcome->follow_up == FollowUp::kDone) return;
  SetFollowUp(FollowUp::kDone);
}

bool Ledger::SetFollowUp(FollowUp follow_up) {
  state_.last_outcome->follow_up = follow_up;
  const Result<> saved = store_.Save(state_);
  if (!saved) problems_.Add("the state cannot be kept: " + saved.error().message);
  return saved.has_value();
}

// An update may ask for more time for its health checks than the configured deadline leaves.
uint32_t Ledger::DeadlineFor(const update::UpdateState& state) const {
  const auto configured = static_cast<uint32_t>(trial_deadline_.count());
  const update::Trial* trial = update::TrialOf(state);
  if (trial == nullptr) return configured;
  // matic-deadline takes no longer time than a day.
  constexpr std::chrono::seconds kLongest{86400};
  const auto wanted =
      std::min(trial->order.health_timeout + config::kTrialDeadlineMargin, kLongest);
  return std::max(configured, static_cast<uint32_t>(wanted.count()));
}

void Ledger::TellCommonCause(const update::CommonCause& found) {
  const std::string text = Describe(*state_.common_cause);
  for (const update::Suspect& suspect : found.suspects) {
    const Schedule* known = suspect.schedule_id.empty() ? nullptr : book_.Find(suspect.schedule_id);
    if (known == nullptr) continue;
    Schedule schedule = *known;
    schedule.reason += "; " + text;
    Put(std::move(schedule), /*durable=*/true);
  }
  HistoryEvent event;
  event.kind = "common-cause";
  event.schedule_id = state_.common_cause->schedule_id;
  event.summary = text;
  event.version = state_.common_cause->version;
  event.digest = found.suspects.front().digest;
  NoteLocked(std::move(event));
  spdlog::warn("{}", text);
}

// Where that cannot be kept it is ended again after the agent's next start.
void Ledger::EndCommonCause() {
  AgentState next = state_;
  next.common_cause.reset();
  if (Result<> saved = store_.Save(next); !saved) {
    problems_.Add("the state cannot be kept: " + saved.error().message);
  }
  HistoryEvent event;
  event.kind = "common-cause-ended";
  event.schedule_id = state_.common_cause->schedule_id;
  event.version = state_.common_cause->version;
  for (const std::string& check : state_.common_cause->checks) {
    event.summary += (event.summary.empty() ? "" : ", ") + check;
  }
  event.summary += ": passed again";
  state_ = std::move(next);
  spdlog::info("{}", event.summary);
  NoteLocked(std::move(event));
}

void Ledger::Tell(const RecordedOutcome& recorded) {
  const update::Outcome& outcome = recorded.outcome;
  EndSchedule(outcome.schedule_id, EndState(outcome.end), outcome.reason);
  const Result<bool> is_new = history_.Record(recorded);
  if (!is_new) problems_.Add("the history cannot be kept: " + is_new.error().message);
  // Every start tells of the last outcome again.
  if (!observer_ || (is_new && !*is_new)) return;
  HistoryEvent event;
  event.time = clock_.Now();
  event.kind = EndName(outcome.end);
  event.schedule_id = outcome.schedule_id;
  event.summary = outcome.reason;
  event.version = outcome.image.version;
  event.digest = outcome.image.digest;
  event.boot_id = recorded.boot_id;
  if (outcome.rollback) {
    event.requested_by = outcome.rollback->requested_by;
    event.failed_boot_id = outcome.rollback->failed_boot_id;
  }
  observer_(event);
}

void Ledger::SetObserver(Observer observer) {
  std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
}

void Ledger::Note(HistoryEvent event) {
  std::lock_guard lock(mutex_);
  NoteLocked(std::move(event));
}

void Ledger::NoteLocked(HistoryEvent event) {
  event.time = clock_.Now();
  if (event.boot_id.empty()) event.boot_id = boot_id_;
  if (Result<> result = history_.Note(event); !result) {
    problems_.Add("the history cannot be kept: " + result.error().message);
  }
  if (observer_) observer_(event);
}

void Ledger::NoteStart(const update::Order& order) {
  HistoryEvent event;
  event.kind = "started";
  event.schedule_id = order.schedule_id;
  event.summary = http::PublicUrl(order.source);
  event.version = order.version;
  event.digest = order.sha256;
  NoteLocked(std::move(event));
}

Result<std::vector<HistoryEvent>> Ledger::Events(size_t limit,
                                                 std::optional<WallTime> since) const {
  std::lock_guard lock(mutex_);
  return history_.Events(limit, since);
}

AgentState Ledger::State() const {
  std::lock_guard lock(mutex_);
  return state_;
}

bool Ledger::IsQuarantined(const std::string& digest, std::string* reason) const {
  std::lock_guard lock(mutex_);
  const QuarantineEntry* entry = FindQuarantined(state_, digest);
  if (entry == nullptr) return false;
  *reason = entry->reason + " (" + entry->time + ")";
  return true;
}

void Ledger::SetHealth(const health::Report& report) {
  std::lock_guard lock(mutex_);
  health_ = report;
  if (state_.common_cause && Ends(*state_.common_cause, report)) EndCommonCause();
}

std::optional<health::Report> Ledger::Health() const {
  std::lock_guard lock(mutex_);
  return health_;
}

Result<std::vector<RollbackRecord>> Ledger::Rollbacks(size_t limit) const {
  std::lock_guard lock(mutex_);
  return history_.Rollbacks(limit);
}

void Ledger::AddProblem(const std::string& problem) {
  std::lock_guard lock(mutex_);
  problems_.Add(problem);
}

void Ledger::SetProblem(const std::string& kind, const std::string& problem) {
  std::lock_guard lock(mutex_);
  problems_.Set(kind, problem);
}

std::vector<std::string> Ledger::Problems() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> problems = problems_.All();
  if (state_.common_cause) problems.push_back(Describe(*state_.common_cause));
  return problems;
}

}  // namespace matic::engine
