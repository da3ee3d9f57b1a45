#include "agent/engine/ledger.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "agent/config/config.h"
#include "agent/engine/schedule_json.h"
#include "agent/engine/update_json.h"
#include "lib/os/clock.h"

namespace matic::engine {
namespace {

constexpr uint32_t kStrikesToQuarantine = 2;
constexpr size_t kMaxProblems = 32;

// What a state shows of itself in its schedule.
struct Shown {
  std::string schedule_id;
  Phase phase = Phase::kNone;
  std::string target;
  std::string previous;
  std::string version;
  std::string reason;
};

Shown OfTrial(const update::Trial& trial, Phase phase, const std::string& reason = "") {
  return {trial.order.schedule_id, phase, trial.image.target, trial.previous,
          trial.image.version,     reason};
}

std::string WhyStaged(const update::Staged& state) {
  std::string reasons;
  for (const std::string& reason : state.image.reboot_reasons) {
    reasons += (reasons.empty() ? "" : ", ") + reason;
  }
  if (!state.order.allow_reboot && !state.image.live) {
    return "staged; takes a reboot" + (reasons.empty() ? "" : " (" + reasons + ")") +
           ", and waits to be activated";
  }
  return "staged; waits to be activated";
}

struct Show {
  Shown operator()(const update::Idle&) const { return {}; }
  Shown operator()(const update::Waiting& s) const {
    return {s.order.schedule_id, Phase::kWaiting, "", "", "", ""};
  }
  Shown operator()(const update::Staging& s) const {
    return {s.order.schedule_id, Phase::kFetching, "", "", "", ""};
  }
  Shown operator()(const update::Staged& s) const {
    return {s.order.schedule_id, Phase::kStaged,
            s.image.target,      "",
            s.image.version,     s.order.stop_after_staging ? WhyStaged(s) : ""};
  }
  Shown operator()(const update::Activating& s) const {
    return OfTrial(s.trial, Phase::kActivating);
  }
  Shown operator()(const update::Activated& s) const { return OfTrial(s.trial, Phase::kRebooting); }
  Shown operator()(const update::Trying& s) const { return OfTrial(s.trial, Phase::kOnTrial); }
  Shown operator()(const update::Confirming& s) const {
    return OfTrial(s.trial, Phase::kConfirming, s.unhealthy);
  }
  Shown operator()(const update::RollingBack& s) const {
    return OfTrial(s.trial, Phase::kRollingBack, s.reason);
  }
  Shown operator()(const update::Rechecking&) const { return {}; }
  Shown operator()(const update::Cancelling& s) const {
    return {s.order.schedule_id, Phase::kRollingBack, s.image.target,
            s.previous,          s.image.version,     s.reason};
  }
};

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

QuarantineEntry& EntryFor(std::vector<QuarantineEntry>& entries, const std::string& digest) {
  auto it = std::ranges::find(entries, digest, &QuarantineEntry::digest);
  if (it != entries.end()) return *it;
  if (entries.size() >= kMaxQuarantine) entries.erase(entries.begin());
  return entries.emplace_back(QuarantineEntry{.digest = digest, .reason = {}, .time = {}});
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
  if (!loaded.problem.empty()) AddProblemLocked(loaded.problem);
  if (std::string problem = book_.Load(); !problem.empty()) AddProblemLocked(problem);
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
  AgentState next = state_;
  next.update = step.next;
  next.trial_deadline_seconds = deadline;
  if (const update::Trial* trial = update::TrialOf(step.next)) {
    next.previous_partition = trial->previous;
    next.boot_counter = trial->boot_counter;
  }
  if (step.outcome) {
    const std::string time = FormatTime(clock_.Now());
    next.last_outcome =
        RecordedOutcome{.id = boot_id_ + "/" + std::to_string(clock_.SinceBoot().count()),
                        .time = time,
                        .boot_id = boot_id_,
                        .outcome = *step.outcome};
    Judge(next, *step.outcome);
  }
  if (step.common_cause) {
    Acquit(next, *step.common_cause);
    next.common_cause->time = FormatTime(clock_.Now());
  }
  Result<> saved = store_.Save(next);
  if (!saved) {
    AddProblemLocked("the state cannot be kept: " + saved.error().message);
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

// What an end means for the image's digest and for what is known of the running system.
void Ledger::Judge(AgentState& state, const update::Outcome& outcome) const {
  const std::string time = FormatTime(clock_.Now());
  if (outcome.stays) {
    state.last_update_time = time;
    state.running_digest = outcome.image.digest;
    state.running_target = outcome.image.target;
    state.common_cause.reset();
  }
  // A slot that was left may be written again; what it holds is not this agent's to tell for long.
  if (outcome.rollback && outcome.rollback->from == state.running_target) {
    state.running_digest.clear();
    state.running_target.clear();
  }
  if (outcome.stays || outcome.rollback) state.boot_counter = 0;
  if (outcome.verdict == update::Verdict::kNone || outcome.image.digest.empty()) return;
  QuarantineEntry& entry = EntryFor(state.quarantine, outcome.image.digest);
  entry.reason = outcome.reason;
  entry.time = time;
  if (outcome.verdict == update::Verdict::kStrike) ++entry.strikes;
  // Taken by force, it has failed again: nothing acquits it.
  if (entry.quarantined) entry.strikes = std::max(entry.strikes, kStrikesToQuarantine);
  if (outcome.verdict == update::Verdict::kQuarantine || entry.strikes >= kStrikesToQuarantine) {
    entry.quarantined = true;
  }
}

// What was held against the suspects becomes a strike. The second one quarantines all the same:
// what breaks things outside of itself, whenever it is started, looks like this, too.
void Ledger::Acquit(AgentState& state, const update::CommonCause& found) {
  const update::Suspect& left = found.suspects.front();
  state.common_cause = StandingCause{.runs = found.runs,
                                     .checks = found.checks,
                                     .reason = found.reason,
                                     .version = left.version,
                                     .schedule_id = left.schedule_id,
                                     .time = {}};
  for (const update::Suspect& suspect : found.suspects) {
    auto entry = std::ranges::find(state.quarantine, suspect.digest, &QuarantineEntry::digest);
    if (suspect.digest.empty() || entry == state.quarantine.end()) continue;
    ++entry->strikes;
    entry->quarantined = entry->strikes >= kStrikesToQuarantine;
  }
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
    AddProblemLocked("the state cannot be kept: " + saved.error().message);
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
  if (!is_new) AddProblemLocked("the history cannot be kept: " + is_new.error().message);
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
    AddProblemLocked("the history cannot be kept: " + result.error().message);
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
  const Shown shown = std::visit(Show{}, state);
  if (shown.schedule_id.empty()) return;
  const Schedule* known = book_.Find(shown.schedule_id);
  if (known == nullptr || HasEnded(known->state)) return;
  Schedule schedule = *known;
  schedule.state =
      shown.phase == Phase::kWaiting ? ScheduleState::kPending : ScheduleState::kInProgress;
  schedule.phase = shown.phase;
  schedule.reason = shown.reason;
  schedule.waiting_until.reset();
  if (!shown.target.empty()) schedule.target = shown.target;
  if (!shown.previous.empty()) schedule.previous = shown.previous;
  if (!shown.version.empty()) schedule.version = shown.version;
  if (const auto* staged = std::get_if<update::Staged>(&state)) {
    schedule.reboot_reasons = staged->image.reboot_reasons;
    const uint64_t all = staged->image.size_bytes;
    schedule.progress = {.bytes_done = all, .bytes_total = all, .bytes_per_second = 0};
  }
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
    AddProblemLocked("the schedules cannot be kept: " + result.error().message);
  }
  changed_.notify_all();
}

AgentState Ledger::State() const {
  std::lock_guard lock(mutex_);
  return state_;
}

bool Ledger::IsQuarantined(const std::string& digest, std::string* reason) const {
  std::lock_guard lock(mutex_);
  for (const QuarantineEntry& entry : state_.quarantine) {
    if (entry.digest != digest || !entry.quarantined) continue;
    *reason = entry.reason + " (" + entry.time + ")";
    return true;
  }
  return false;
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

void Ledger::SetPhase(Phase phase) { SetStep(phase, ""); }

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
  AddProblemLocked(problem);
}

void Ledger::AddProblemLocked(const std::string& problem) {
  spdlog::warn("{}", problem);
  if (std::ranges::find(problems_, problem) != problems_.end()) return;
  if (problems_.size() < kMaxProblems) problems_.push_back(problem);
}

void Ledger::SetProblem(const std::string& kind, const std::string& problem) {
  std::lock_guard lock(mutex_);
  passing_problems_.erase(kind);
  if (!problem.empty()) passing_problems_[kind] = problem;
}

std::vector<std::string> Ledger::Problems() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> problems = problems_;
  if (state_.common_cause) problems.push_back(Describe(*state_.common_cause));
  for (const auto& [kind, problem] : passing_problems_) problems.push_back(problem);
  return problems;
}

}  // namespace matic::engine
