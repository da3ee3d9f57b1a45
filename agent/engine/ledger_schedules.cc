// The ledger's schedules: what people are told of an update.
#include <spdlog/spdlog.h>

#include <cstdint>
#include <tuple>

#include "agent/engine/ledger.h"
#include "agent/engine/schedule_json.h"
#include "agent/engine/showing.h"
#include "lib/http/url.h"

namespace matic::engine {

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
      http::PublicUrl(request.source) + (request.comment.empty() ? "" : ": " + request.comment);
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

}  // namespace matic::engine
