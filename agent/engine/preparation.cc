#include "agent/engine/preparation.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "agent/engine/aftermath.h"
#include "lib/calendar/moment.h"
#include "lib/http/url.h"

namespace matic::engine {
namespace {

using calendar::Decision;
using calendar::Verdict;

bool Forces(const update::Order& order, std::string_view name) {
  return std::ranges::find(order.force, name) != order.force.end();
}

bool NeedsTheClock(const calendar::Rules& rules) {
  if (rules.at || rules.not_before || rules.not_after) return true;
  return !rules.emergency && !(rules.windows.empty() && rules.download_windows.empty() &&
                               rules.install_windows.empty() && rules.reboot_windows.empty() &&
                               rules.blackouts.empty());
}

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : "; ") + text;
  return joined;
}

}  // namespace

Preparation::Preparation(PreparationOptions options, SourceResolver& resolver,
                         prechecks::Prechecks& prechecks, hooks::Runner& hooks, RebootGuard& guard,
                         RebootSlots& slots, Clock& clock, Ledger& ledger)
    : options_(std::move(options)),
      resolver_(resolver),
      prechecks_(prechecks),
      hooks_(hooks),
      guard_(guard),
      slots_(slots),
      clock_(clock),
      ledger_(ledger) {}

Decision Preparation::Ask(const update::Order& order, calendar::Step step) const {
  const WallTime now = clock_.Now();
  if (NeedsTheClock(order.timing) && now < options_.time_floor()) {
    return {Verdict::kClosed, std::nullopt,
            "the clock says " + calendar::FormatTime(now, order.timing.zone) +
                ", which is past; waits for it to be set"};
  }
  return calendar::Decide(order.timing, step, now, clock_.SinceBoot(), options_.machine_id);
}

Result<> Preparation::Wait(const std::string& why, std::optional<WallTime> until,
                           std::stop_token stop) {
  ledger_.SetWaiting(why, until);
  // The clock may jump, so a long wait is made of short ones.
  std::chrono::nanoseconds pause = options_.look_again;
  if (until) pause = std::clamp<std::chrono::nanoseconds>(*until - clock_.Now(), {}, pause);
  return Pause(pause, std::move(stop));
}

Result<> Preparation::Pause(std::chrono::nanoseconds pause, std::stop_token stop) {
  if (clock_.Wait(pause, stop)) return {};
  return Fail(ErrorCode::kCancelled, "stopped while waiting");
}

Result<> Preparation::AwaitTurn(const update::Order& order,
                                std::initializer_list<calendar::Step> steps, std::stop_token stop) {
  while (true) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while waiting");
    const Decision* blocking = nullptr;
    std::vector<Decision> decisions;
    decisions.reserve(steps.size());
    for (calendar::Step step : steps) decisions.push_back(Ask(order, step));
    for (const Decision& decision : decisions) {
      if (decision.verdict == Verdict::kExpired) return Fail(ErrorCode::kRefused, decision.why);
      if (!decision.open()) blocking = &decision;
    }
    if (blocking == nullptr) return {};
    MATIC_TRY(Wait(blocking->why, blocking->until, stop));
  }
}

// An image goes straight into the slot, so both begin at once.
Result<> Preparation::AwaitStaging(const update::Order& order, std::stop_token stop) {
  return AwaitTurn(order, {calendar::Step::kDownload, calendar::Step::kInstall}, std::move(stop));
}

Result<update::Order> Preparation::BeforeStaging(const update::Order& order,
                                                 const update::Target& running,
                                                 std::stop_token stop) {
  MATIC_ASSIGN(update::Order resolved, Resolve(order, running, stop));
  MATIC_TRY(RunPrechecks(resolved, stop));
  MATIC_TRY(RunHooks(resolved, running, stop));
  return resolved;
}

Result<update::Order> Preparation::Resolve(const update::Order& order,
                                           const update::Target& running, std::stop_token stop) {
  MATIC_ASSIGN(const ResolvedSource found,
               resolver_.Resolve(order.source, order.sha256, running.version, stop));
  update::Order resolved = order;
  resolved.source = found.source;
  resolved.sha256 = found.sha256;
  resolved.version = found.version;
  resolved.size_bytes = found.size_bytes;
  resolved.delta = found.delta;
  std::string why;
  if (!Forces(order, kForceQuarantine) && ledger_.IsQuarantined(found.sha256, &why)) {
    return Fail(ErrorCode::kRefused, "the image " + found.sha256.substr(0, 12) +
                                         "… is quarantined: " + why +
                                         "; --force quarantine takes it all the same");
  }
  return resolved;
}

std::vector<prechecks::Refusal> Preparation::Prechecks(
    const std::vector<std::string>& overridden) const {
  return prechecks_.Run(std::set<std::string>(overridden.begin(), overridden.end()));
}

Result<> Preparation::RunPrechecks(const update::Order& order, std::stop_token stop) {
  const std::vector<prechecks::Refusal> refusals =
      prechecks_.Run(std::set<std::string>(order.force.begin(), order.force.end()), stop);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while checking");
  if (refusals.empty()) return {};
  std::vector<std::string> reasons;
  std::string names;
  for (const prechecks::Refusal& refusal : refusals) {
    reasons.push_back(refusal.check + ": " + refusal.reason);
    names += (names.empty() ? "" : ",") + refusal.check;
  }
  return Fail(ErrorCode::kRefused, "pre-check failed: " + Join(reasons) +
                                       "; once it is mended schedule it again, or pass it by with "
                                       "--force " +
                                       names);
}

Result<> Preparation::RunHooks(const update::Order& order, const update::Target& running,
                               std::stop_token stop) {
  hooks::Context context;
  context.schedule_id = order.schedule_id;
  context.source = http::PublicUrl(order.source);
  context.version = order.version;
  context.digest = order.sha256;
  context.previous = running.name;
  context.previous_version = running.version;
  if (Result<Schedule> schedule = ledger_.FindSchedule(order.schedule_id)) {
    context.named = schedule->request.hooks.pre;
  }
  const hooks::Report report = hooks_.Run(hooks::Stage::kPre, context, stop);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped during hooks");
  NoteHooks(ledger_, order.schedule_id, report);
  if (report.failed) return Fail(ErrorCode::kRefused, "pre-update hook failed: " + *report.failed);
  return {};
}

Result<> Preparation::AwaitInhibitors(const update::Order& order, std::stop_token stop) {
  if (Forces(order, kForceInhibitors)) return {};
  while (true) {
    const std::vector<std::string> inhibitors = guard_.Inhibitors();
    if (inhibitors.empty()) return {};
    MATIC_TRY(Wait("a shutdown is inhibited by " + Join(inhibitors), std::nullopt, stop));
  }
}

// Cancelling the schedule, or anything else that is asked for, cuts the wait short.
Result<> Preparation::WarnUsers(const update::Order& order, std::stop_token stop) {
  if (order.reboot_delay.count() == 0) return {};
  const std::string delay = calendar::FormatDuration(order.reboot_delay);
  guard_.Warn("This machine reboots in " + delay + " to finish an update. Save your work; " +
              "`osctl schedule cancel " + order.schedule_id + "` stops it.");
  ledger_.SetWaiting("reboots after a delay of " + delay, clock_.Now() + order.reboot_delay);
  if (clock_.Wait(order.reboot_delay, stop)) return {};
  return Fail(ErrorCode::kCancelled, "stopped before the reboot");
}

// False after a pause that was spent waiting: what held before it may hold no more.
Result<bool> Preparation::TakeSlot(const update::Order& order, Disturbance disturbance,
                                   std::stop_token stop) {
  if (Forces(order, kForceFleetLock)) return true;
  MATIC_ASSIGN(const SlotAnswer answer, slots_.Take(disturbance, stop));
  if (answer.granted) {
    slot_wait_.reset();
    return true;
  }
  if (!slot_wait_ || slot_wait_->schedule_id != order.schedule_id) {
    slot_wait_ = SlotWait{order.schedule_id, clock_.SinceBoot()};
  }
  if (answer.patience.count() > 0 && clock_.SinceBoot() - slot_wait_->since >= answer.patience) {
    return Fail(ErrorCode::kRefused, "after " + calendar::FormatDuration(answer.patience) +
                                         " still waits for " + answer.waits_for +
                                         "; schedule it again, or pass it by with --force " +
                                         std::string(kForceFleetLock));
  }
  ledger_.SetWaiting(answer.waits_for, std::nullopt);
  MATIC_TRY(Pause(std::min<std::chrono::nanoseconds>(answer.ask_again, options_.look_again), stop));
  return false;
}

// A slot is not kept through what may last for days, and asked for once everything else is there.
Result<> Preparation::BeforeActivation(const update::Order& order, bool live,
                                       std::stop_token stop) {
  while (live) {
    if (!Ask(order, calendar::Step::kInstall).open()) slots_.Release();
    MATIC_TRY(AwaitTurn(order, {calendar::Step::kInstall}, stop));
    MATIC_ASSIGN(const bool taken, TakeSlot(order, Disturbance::kLiveSwitch, stop));
    if (taken) return {};
  }
  while (true) {
    if (!MayReboot(order)) slots_.Release();
    MATIC_TRY(AwaitTurn(order, {calendar::Step::kReboot}, stop));
    MATIC_TRY(AwaitInhibitors(order, stop));
    MATIC_ASSIGN(const bool taken, TakeSlot(order, Disturbance::kReboot, stop));
    if (!taken) continue;
    MATIC_TRY(WarnUsers(order, stop));
    // Each of these may have taken long: the window may have closed, or somebody begun something,
    // meanwhile. Users are told anew then.
    if (MayReboot(order)) return {};
  }
}

bool Preparation::MayReboot(const update::Order& order) {
  const bool free = Forces(order, kForceInhibitors) || guard_.Inhibitors().empty();
  return free && Ask(order, calendar::Step::kReboot).open();
}

}  // namespace matic::engine
