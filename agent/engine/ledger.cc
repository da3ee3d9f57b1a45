#include "agent/engine/ledger.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "agent/config/config.h"
#include "agent/engine/aftermath.h"
#include "agent/engine/judgement.h"
#include "agent/engine/schedule_json.h"
#include "agent/engine/showing.h"
#include "agent/engine/update_json.h"
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

void Ledger::MatchSchedules() {
  const update::Order* order = update::OrderOf(state_.update);
  const std::string under_way = order == nullptr ? "" : order->schedule_id;
  for (const Schedule& schedule : book_.Newest(SIZE_MAX)) {
    if (HasEnded(schedule.state) || schedule.id == under_way) continue;
    EndSchedule(
        schedule.id, ScheduleState::kFailed,
        "interrupted: the agent was restarted before the update had begun, or its state was "
        "lost; schedule it again");
  }
  if (under_way.empty() || book_.Find(under_way) != nullptr) return;
  // The schedules were lost: people look for what is under way there, and its id is taken.
  Schedule schedule;
  schedule.id = under_way;
  schedule.request.source = order->source;
  schedule.request.sha256 = order->sha256;
  schedule.request.enable_auto_rollback = order->auto_rollback;
  schedule.request.health_check_timeout = order->health_timeout;
  schedule.state = ScheduleState::kInProgress;
  schedule.created = clock_.Now();
  Put(std::move(schedule), /*durable=*/true);
}

void Ledger::EndSchedule(const std::string& id, ScheduleState state, const std::string& reason) {
  const Schedule* known = id.empty() ? nullptr : book_.Find(id);
  if (known == nullptr || HasEnded(known->state)) return;
  Schedule schedule = *known;
  schedule.state = state;
  schedule.phase = Phase::kNone;
  schedule.waiting_until.reset();
  schedule.reason = reason;
  Put(std::move(schedule), /*durable=*/true);
  spdlog::info("{} ended: {}{}{}", id, StateName(state), reason.empty() ? "" : ": ", reason);
}

void Ledger::FailSchedule(const std::string& id, const std::string& reason) {
  std::lock_guard lock(mutex_);
  EndSchedule(id, ScheduleState::kFailed, reason);
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
  event.summary = WithoutCredentials(order.source);
  event.version = order.version;
  event.digest = order.sha256;
  NoteLocked(std::move(event));
}

Result<std::vector<HistoryEvent>> Ledger::Events(size_t limit,
                                                 std::optional<WallTime> since) const {
  std::lock_guard lock(mutex_);
  return history_.Events(limit, since);
}

void Ledger::ShowState(const update::UpdateState& state) {
  const update::Order* order = update::OrderOf(state);
  if (order == nullptr || order->schedule_id.empty()) return;
  const Schedule* known = book_.Find(order->schedule_id);
  if (known == nullptr || HasEnded(known->state)) return;
  Schedule schedule = Showing(*known, state);
  // What is tried again every few seconds is not worth a write each time.
  const auto seen = [](const Schedule& s) {
    return std::tie(s.state, s.phase, s.reason, s.target, s.previous, s.version);
  };
  if (seen(schedule) == seen(*known)) return;
  Put(std::move(schedule), /*durable=*/true);
}

void Ledger::Put(Schedule schedule, bool durable) {
  schedule.updated = clock_.Now();
  if (Result<> result = book_.Put(schedule, durable); !result) {
    problems_.Add("the schedules cannot be kept: " + result.error().message);
  }
  changed_.notify_all();
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

Result<Schedule> Ledger::HandOver(const std::string& id, const std::string& run) {
  std::lock_guard lock(mutex_);
  const Schedule* found = book_.Find(id);
  if (found == nullptr) return Fail(ErrorCode::kNotFound, "there is no schedule " + id);
  Schedule schedule = *found;
  schedule.request.run = run;
  MATIC_TRY(book_.Put(schedule, /*durable=*/true));
  return schedule;
}

Result<Schedule> Ledger::AddSchedule(const ScheduleRequest& request, const Caller& caller,
                                     bool* created) {
  std::lock_guard lock(mutex_);
  *created = false;
  if (const Schedule* same = book_.FindRequest(request.request_id)) return *same;
  if (const Schedule* active = book_.Active()) {
    return Fail(ErrorCode::kRefused, active->id + " is under way (" +
                                         std::string(PhaseName(active->phase)) +
                                         "); wait for its end, or cancel it");
  }
  MATIC_ASSIGN(std::string id, book_.NextId(clock_.Now()));
  Schedule schedule;
  schedule.id = id;
  schedule.request = request;
  schedule.created = schedule.updated = clock_.Now();
  schedule.requested_by = caller.description;
  if (Result<> result = book_.Put(schedule, /*durable=*/true); !result) {
    schedule.state = ScheduleState::kFailed;
    schedule.phase = Phase::kNone;
    schedule.reason = result.error().message;
    (void)book_.Put(schedule, /*durable=*/false);
    return Fail(result.error().Context("keep the schedule"));
  }
  HistoryEvent event;
  event.kind = "scheduled";
  event.schedule_id = id;
  event.summary =
      WithoutCredentials(request.source) + (request.comment.empty() ? "" : ": " + request.comment);
  event.requested_by = caller.description;
  NoteLocked(std::move(event));
  changed_.notify_all();
  *created = true;
  return schedule;
}

bool Ledger::KnowsRequest(const std::string& request_id) const {
  std::lock_guard lock(mutex_);
  return book_.FindRequest(request_id) != nullptr;
}

Result<Schedule> Ledger::FindSchedule(const std::string& id) const {
  std::lock_guard lock(mutex_);
  if (const Schedule* schedule = book_.Find(id)) return *schedule;
  return Fail(ErrorCode::kNotFound,
              id.empty() ? "nothing was scheduled yet" : "no schedule has the id " + id);
}

std::optional<Schedule> Ledger::ActiveSchedule() const {
  std::lock_guard lock(mutex_);
  if (const Schedule* active = book_.Active()) return *active;
  return std::nullopt;
}

std::vector<Schedule> Ledger::Newest(size_t limit) const {
  std::lock_guard lock(mutex_);
  return book_.Newest(limit);
}

void Ledger::SetStep(Phase phase, const std::string& name) {
  std::lock_guard lock(mutex_);
  const Schedule* active = book_.Active();
  if (active == nullptr) return;
  Schedule schedule = *active;
  schedule.phase = phase;
  schedule.progress = Progress{};
  schedule.reason = name;
  schedule.waiting_until.reset();
  Put(std::move(schedule), /*durable=*/false);
}

void Ledger::SetProgress(Phase phase, const Progress& progress) {
  std::lock_guard lock(mutex_);
  const Schedule* active = book_.Active();
  if (active == nullptr) return;
  Schedule schedule = *active;
  schedule.phase = phase;
  schedule.progress = progress;
  schedule.reason.clear();
  schedule.waiting_until.reset();
  Put(std::move(schedule), /*durable=*/false);
}

void Ledger::SetWaiting(const std::string& why, std::optional<WallTime> until) {
  std::lock_guard lock(mutex_);
  const Schedule* active = book_.Active();
  if (active == nullptr) return;
  Schedule schedule = *active;
  // What is staged stays so while it waits.
  if (schedule.phase != Phase::kStaged) schedule.phase = Phase::kWaiting;
  schedule.reason = why;
  schedule.waiting_until = until;
  if (active->reason == why && active->waiting_until == until) return;
  spdlog::info("{}: {}", schedule.id, why);
  Put(std::move(schedule), /*durable=*/false);
}

Result<Engine::Change> Ledger::WaitForChange(const std::string& id, uint64_t seen,
                                             std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const Schedule* schedule = book_.Find(id);
  if (schedule == nullptr) return Fail(ErrorCode::kNotFound, "no schedule has the id " + id);
  const std::string wanted = schedule->id;
  changed_.wait_for(lock, limit, [&] { return book_.Revision(wanted) > seen; });
  schedule = book_.Find(wanted);
  if (schedule == nullptr) return Fail(ErrorCode::kNotFound, "no schedule has the id " + id);
  return Engine::Change{*schedule, book_.Revision(wanted)};
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
