#include "agent/engine/update_engine.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "lib/http/url.h"
#include "lib/os/clock.h"

namespace matic::engine {
namespace {

// A report older than this is made anew for who asks.
constexpr std::chrono::seconds kReportAge{60};
// How long a cancel waits for its own end, so that the answer tells it.
constexpr std::chrono::seconds kCancelPatience{10};

// One of the future is of no known age: the clock was set back since.
bool IsFresh(const health::Report& report, WallTime now) {
  return report.last_updated <= now && now - report.last_updated < kReportAge;
}

// What the request leaves open is the machine's. Windows, blackouts and the zone they are of are
// one calendar, and taken from one side.
calendar::Rules MergeTiming(const calendar::Rules& asked, const calendar::Rules& configured) {
  calendar::Rules rules = asked;
  const bool own_calendar = !asked.zone.empty() || !asked.windows.empty() ||
                            !asked.download_windows.empty() || !asked.install_windows.empty() ||
                            !asked.reboot_windows.empty() || !asked.blackouts.empty();
  if (!own_calendar) {
    rules.zone = configured.zone;
    rules.windows = configured.windows;
    rules.download_windows = configured.download_windows;
    rules.install_windows = configured.install_windows;
    rules.reboot_windows = configured.reboot_windows;
    rules.blackouts = configured.blackouts;
  }
  if (rules.random_delay.count() == 0) rules.random_delay = configured.random_delay;
  if (rules.minimum_uptime.count() == 0) rules.minimum_uptime = configured.minimum_uptime;
  return rules;
}

// A name that is mistyped would let a check stop what was meant to pass it.
Result<> CheckForced(const std::vector<std::string>& names) {
  std::vector<std::string> known{std::string(kForceQuarantine), std::string(kForceInhibitors),
                                 std::string(kForceFleetLock)};
  for (std::string_view check : prechecks::Names()) known.emplace_back(check);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string all;
    for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
    return Fail(ErrorCode::kInvalidArgument,
                "force: nothing is called '" + name + "'; there are: " + all);
  }
  return {};
}

}  // namespace

std::string DigestIn(const AgentState& state, const update::Target& target) {
  if (!target.digest.empty()) return target.digest;
  const update::Trial* trial = update::TrialOf(state.update);
  if (trial != nullptr && trial->image.target == target.name) return trial->image.digest;
  return state.running_target == target.name ? state.running_digest : "";
}

UpdateEngine::UpdateEngine(EngineOptions options, Backend& backend, SourceResolver& resolver,
                           health::CheckRunner& checks, const Preparation& preparation,
                           const hooks::Runner& hooks, Clock& clock, Ledger& ledger, Worker& worker,
                           RunLease& lease)
    : options_(std::move(options)),
      backend_(backend),
      resolver_(resolver),
      checks_(checks),
      preparation_(preparation),
      hooks_(hooks),
      clock_(clock),
      ledger_(ledger),
      worker_(worker),
      lease_(lease) {}

// A request that the disk stands in the way of can be right: not the caller's fault.
Result<update::Facts> UpdateEngine::ReadDisk() {
  Result<update::Facts> facts = backend_.GetFacts();
  if (facts) return facts;
  return Fail(ErrorCode::kRefused, "this machine cannot be updated: " + facts.error().message);
}

Result<> UpdateEngine::CheckQuarantine(const ScheduleRequest& request) const {
  if (request.Forces(kForceQuarantine) || request.mode == update::Mode::kBuild) return {};
  // A system that was built elsewhere is known by its path.
  const bool is_image = !request.sha256.empty();
  std::string why;
  if (!ledger_.IsQuarantined(is_image ? request.sha256 : request.source, &why)) return {};
  const std::string name = is_image ? "the image " + request.sha256.substr(0, 12) + "…"
                                    : http::PublicUrl(request.source);
  return Fail(ErrorCode::kRefused,
              name + " is quarantined: " + why + "; --force quarantine takes it all the same");
}

Result<> UpdateEngine::MayStage(const ScheduleRequest& request) {
  MATIC_TRY(backend_.CheckSource({.source = request.source,
                                  .sha256 = request.sha256,
                                  .mode = request.mode.value_or(update::Mode::kAuto),
                                  .inputs = request.inputs}));
  MATIC_TRY(lease_.Check(request.run));
  MATIC_TRY(CheckForced(request.force));
  MATIC_TRY(resolver_.Check(request.source, request.sha256));
  for (const auto* names : {&request.hooks.pre, &request.hooks.post, &request.hooks.rollback}) {
    MATIC_TRY(hooks_.CheckNamed(*names));
  }
  MATIC_ASSIGN(update::Facts facts, ReadDisk());
  if (!worker_.LatestFacts()) {
    return Fail(ErrorCode::kUnavailable,
                "the agent has not read its disk yet; ask again in a few seconds");
  }
  MATIC_TRY(CheckQuarantine(request));
  const AgentState state = ledger_.State();
  if (!IsFree(state.update)) {
    const std::optional<Schedule> active = ledger_.ActiveSchedule();
    return Fail(ErrorCode::kRefused, (active ? active->id : "an update") + " is " +
                                         std::string(StateName(state.update)) +
                                         "; wait for its end, or cancel it (osctl schedule " +
                                         "watch, osctl schedule cancel)");
  }
  if (const update::Target* running = facts.Running(); running && !running->Confirmed()) {
    return Fail(ErrorCode::kRefused, running->name +
                                         " runs, but is not confirmed yet; nothing is "
                                         "staged before it is");
  }
  return {};
}

ScheduleRequest UpdateEngine::Complete(const ScheduleRequest& request) const {
  ScheduleRequest whole = request;
  whole.timing = MergeTiming(request.timing, options_->maintenance);
  whole.timing.created = clock_.Now();
  if (whole.reboot_delay.count() == 0 && !whole.timing.emergency) {
    whole.reboot_delay = options_->reboot_delay;
  }
  return whole;
}

Result<Schedule> UpdateEngine::ScheduleUpdate(const ScheduleRequest& request,
                                              const Caller& caller) {
  bool created = false;
  const bool known = !request.request_id.empty() && ledger_.KnowsRequest(request.request_id);
  if (!known) MATIC_TRY(MayStage(request));
  const ScheduleRequest whole = Complete(request);
  const std::scoped_lock lock(beginning_);
  if (!known) MATIC_TRY(lease_.Check(request.run));
  MATIC_ASSIGN(Schedule schedule, ledger_.AddSchedule(whole, caller, &created));
  if (!created) return schedule;
  spdlog::info("{}: scheduled by {}: {}", schedule.id, caller.description,
               http::PublicUrl(request.source));
  worker_.Post(update::StageRequested{
      {.schedule_id = schedule.id,
       .source = request.source,
       .sha256 = request.sha256,
       .auto_rollback = request.enable_auto_rollback,
       .health_timeout = request.health_check_timeout.value_or(options_->default_health_timeout),
       .stop_after_staging = request.stop_after == StopAfter::kStaged,
       .timing = whole.timing,
       .reboot_delay = whole.reboot_delay,
       .force = request.force,
       .mode = request.mode.value_or(options_->default_mode),
       .inputs = request.inputs,
       .allow_reboot = options_->allow_reboot && !request.no_reboot}});
  return schedule;
}

Result<Schedule> UpdateEngine::ActivateUpdate(const std::string& id, const std::string& run,
                                              const Caller& caller) {
  const std::scoped_lock lock(beginning_);
  MATIC_ASSIGN(Schedule schedule, ledger_.FindSchedule(id));
  MATIC_TRY(run.empty() ? lease_.CheckByHand(schedule.request.run) : lease_.Check(run));
  const update::UpdateState state = ledger_.State().update;
  const auto* staged = std::get_if<update::Staged>(&state);
  if (staged == nullptr || staged->order.schedule_id != schedule.id) {
    return Fail(ErrorCode::kRefused, schedule.id + " is not staged, so it cannot be activated");
  }
  if (!run.empty() && run != schedule.request.run) {
    MATIC_ASSIGN(schedule, ledger_.HandOver(schedule.id, run));
  }
  spdlog::info("{}: activation asked for by {}", schedule.id, caller.description);
  worker_.Post(update::ActivateRequested{schedule.id});
  return schedule;
}

Result<Schedule> UpdateEngine::GetSchedule(const std::string& id) {
  return ledger_.FindSchedule(id);
}

std::vector<Schedule> UpdateEngine::ListSchedules(size_t limit) { return ledger_.Newest(limit); }

Result<Schedule> UpdateEngine::CancelSchedule(const std::string& id, const std::string& reason,
                                              const Caller& caller) {
  MATIC_ASSIGN(Schedule schedule, ledger_.FindSchedule(id));
  if (schedule.state == ScheduleState::kCancelled) return schedule;
  if (HasEnded(schedule.state)) {
    return Fail(ErrorCode::kRefused,
                schedule.id +
                    " has ended already; osctl rollback trigger goes back to the "
                    "previous system");
  }
  if (schedule.phase == Phase::kRollingBack) return schedule;
  if (schedule.phase == Phase::kConfirming) {
    return Fail(ErrorCode::kRefused, schedule.id + " is being confirmed");
  }
  spdlog::info("{}: cancelled by {}", schedule.id, caller.description);
  worker_.Post(update::CancelRequested{reason, caller.description, schedule.id});
  uint64_t seen = 0;
  const BootTime limit = clock_.SinceBoot() + kCancelPatience;
  // The way back from a trial ends with a reboot only.
  const auto going_back = [&] {
    return std::holds_alternative<update::RollingBack>(ledger_.State().update);
  };
  while (!HasEnded(schedule.state) && !going_back()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(limit - clock_.SinceBoot());
    if (left.count() <= 0) break;
    MATIC_ASSIGN(Change change, ledger_.WaitForChange(schedule.id, seen, left));
    schedule = change.schedule;
    seen = change.revision;
  }
  return schedule;
}

Result<Engine::Change> UpdateEngine::WaitForChange(const std::string& id, uint64_t seen,
                                                   std::chrono::milliseconds limit) {
  return ledger_.WaitForChange(id, seen, limit);
}

Result<health::Report> UpdateEngine::GetHealth(bool refresh, std::stop_token stop) {
  std::optional<health::Report> report = ledger_.Health();
  const bool on_trial = std::holds_alternative<update::Trying>(ledger_.State().update);
  if (report && !refresh && (on_trial || IsFresh(*report, clock_.Now()))) return *report;
  const WallTime asked = clock_.Now();
  std::unique_lock lock(mutex_);
  if (!checked_.wait(lock, stop, [&] { return !checking_; })) {
    return Fail(ErrorCode::kCancelled, "the health checks were given up");
  }
  // Somebody else's round, which was waited for.
  report = ledger_.Health();
  if (report && !on_trial && report->last_updated > asked && IsFresh(*report, clock_.Now())) {
    return *report;
  }
  checking_ = true;
  lock.unlock();
  // However the round ends: whoever waits would wait for ever.
  struct Round {
    UpdateEngine& engine;
    ~Round() {
      const std::lock_guard lock(engine.mutex_);
      engine.checking_ = false;
      engine.checked_.notify_all();
    }
  } const round{*this};
  return Check(on_trial, std::move(stop));
}

Result<health::Report> UpdateEngine::Check(bool on_trial, std::stop_token stop) {
  health::Report report = checks_.Glance(stop);
  if (stop.stop_requested()) {
    return Fail(ErrorCode::kCancelled, "the health checks were given up");
  }
  // A trial's own report, with its attempts, is what its verdict is made of.
  if (!on_trial) ledger_.SetHealth(report);
  return report;
}

Result<Status> UpdateEngine::GetStatus() {
  Status status;
  status.node_name = options_->node_name;
  status.machine_id = options_->machine_id;
  status.backend = options_->backend_name;
  status.os_version = options_->os_version;
  status.uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.SinceBoot());
  status.problems = ledger_.Problems();
  status.lease = lease_.Current();
  status.common_cause = ledger_.State().common_cause;
  if (Result<update::Facts> facts = backend_.GetFacts()) {
    status.facts = std::move(*facts);
  } else if (std::ranges::find(status.problems, facts.error().message) == status.problems.end()) {
    status.problems.push_back(facts.error().message);
  }
  const AgentState state = ledger_.State();
  if (const auto* trying = std::get_if<update::Trying>(&state.update)) {
    status.trial_target = trying->trial.image.target;
    status.boot_counter = state.boot_counter;
  }
  if (std::optional<Schedule> schedule = ledger_.ActiveSchedule()) {
    status.schedule_id = schedule->id;
    status.phase = schedule->phase;
    status.waiting_for = schedule->reason;
  }
  if (Result<WallTime> time = ParseTime(state.last_update_time)) status.last_update_time = *time;
  for (const QuarantineEntry& entry : state.quarantine) {
    if (entry.quarantined) status.quarantined.push_back(entry.digest);
  }
  for (update::Target& target : status.facts.targets) target.digest = DigestIn(state, target);
  return status;
}

Result<bool> UpdateEngine::Reboot(const std::string& reason, const Caller& caller) {
  const update::UpdateState state = ledger_.State().update;
  if (const auto step = update::Transition(state, update::RebootRequested{}); !step) {
    return Fail(ErrorCode::kRefused, step.error().message + "; wait for it, or cancel it first");
  }
  const auto* trying = std::get_if<update::Trying>(&state);
  spdlog::info("reboot asked for by {}{}{}", caller.description, reason.empty() ? "" : ": ",
               reason);
  worker_.Post(update::RebootRequested{});
  return trying != nullptr && trying->trial.tries_given_back < update::kMaxTriesGivenBack;
}

}  // namespace matic::engine
