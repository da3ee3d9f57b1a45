#include "agent/update/started.h"

#include <algorithm>

namespace matic::update {
namespace {

const Target* WayBack(const Facts& facts) {
  auto it = std::ranges::find_if(facts.targets, [](const Target& target) {
    return !target.running && target.bootable && target.successful;
  });
  return it == facts.targets.end() ? nullptr : &*it;
}

// Nothing is known of an update. A running system that is not confirmed is adopted as a trial, so that
// it is judged like any other.
Step AfterStartIdle(const Facts& facts) {
  const Target* running = facts.Running();
  if (running == nullptr || running->successful) return {Idle{}, AnnounceGoodBoot{}, {}};
  Trial trial;
  trial.order.auto_rollback = true;
  trial.image.target = running->name;
  trial.image.version = running->version;
  if (const Target* previous = WayBack(facts)) trial.previous = previous->name;
  trial.last_boot_id = facts.boot_id;
  trial.boot_counter = 1;
  return {Trying{trial}, CheckHealth{trial}, {}};
}

bool Runs(const Facts& facts, const std::string& name) {
  const Target* running = facts.Running();
  return running != nullptr && running->name == name;
}

// The target was to be tried, and another system runs: the selector went back by itself.
Step FellBack(const Trial& trial, const Facts& facts) {
  const Target* running = facts.Running();
  const Target* target = facts.Find(trial.image.target);
  Outcome outcome{.schedule_id = trial.order.schedule_id,
                  .end = Outcome::End::kRolledBack,
                  .reason = {},
                  .image = trial.image,
                  .rollback = RollbackFact{RollbackKind::kAutomatic, trial.image.target,
                                           running ? running->name : "", ""}};
  if (target != nullptr && target->tries > 0) {
    outcome.reason = running->name + " was started although " + trial.image.target + " had " +
                     std::to_string(target->tries) + " tries left";
  } else if (target != nullptr && target->priority == 0) {
    outcome.reason =
        "the boot selector refused " + trial.image.target + ": its kernel could not be started";
    outcome.verdict = Verdict::kQuarantine;
  } else {
    outcome.reason = "boot attempts used up: " + trial.image.target +
                     " was started, and never confirmed itself";
    outcome.verdict = Verdict::kStrike;
  }
  return {Idle{}, Discard{trial.image.target}, outcome};
}

Trial CountStart(Trial trial, const Facts& facts) {
  if (trial.last_boot_id != facts.boot_id) {
    trial.last_boot_id = facts.boot_id;
    ++trial.boot_counter;
  }
  return trial;
}

Outcome Completed(const Trial& trial, const std::string& unhealthy) {
  if (unhealthy.empty()) {
    return {.schedule_id = trial.order.schedule_id,
            .end = Outcome::End::kCompleted,
            .reason = {},
            .image = trial.image,
            .rollback = {}};
  }
  return {.schedule_id = trial.order.schedule_id,
          .end = Outcome::End::kFailed,
          .reason = "running, unhealthy: " + unhealthy,
          .image = trial.image,
          .rollback = {}};
}

Step OnTrial(const Trial& trial, const Facts& facts, const std::string& unhealthy) {
  if (!Runs(facts, trial.image.target)) return FellBack(trial, facts);
  // Only a confirmation marks it so: it was done, and the note of it lost.
  if (facts.Running()->successful) {
    return {Idle{}, AnnounceGoodBoot{}, Completed(trial, unhealthy)};
  }
  const Trial counted = CountStart(trial, facts);
  return {Trying{counted}, CheckHealth{counted}, {}};
}

struct StartedIn {
  const Facts& facts;

  Step operator()(const Idle&) const { return AfterStartIdle(facts); }

  Step operator()(const Staging& state) const {
    Step step = AfterStartIdle(facts);
    step.outcome = Outcome{.schedule_id = state.order.schedule_id,
                           .end = Outcome::End::kFailed,
                           .reason = "interrupted while staging: the agent or the machine was "
                                     "restarted; schedule it again",
                           .image = {},
                           .rollback = {}};
    return step;
  }

  Step operator()(const Staged& state) const {
    if (state.order.stop_after_staging) return {state, AnnounceGoodBoot{}, {}};
    return {state, CheckBaseline{}, {}};
  }

  Step operator()(const Activating& state) const {
    if (Runs(facts, state.trial.image.target)) return OnTrial(state.trial, facts, "");
    return {state, Activate{state.trial.image}, {}};
  }

  Step operator()(const Activated& state) const {
    // The agent came back before the reboot did.
    if (state.trial.activated_boot_id == facts.boot_id) return {state, Reboot{}, {}};
    return OnTrial(state.trial, facts, "");
  }

  Step operator()(const Trying& state) const { return OnTrial(state.trial, facts, ""); }

  Step operator()(const Confirming& state) const {
    if (Runs(facts, state.trial.image.target) && !facts.Running()->successful &&
        state.trial.last_boot_id == facts.boot_id) {
      return {state, Confirm{}, {}};
    }
    return OnTrial(state.trial, facts, state.unhealthy);
  }

  Step operator()(const RollingBack& state) const {
    if (Runs(facts, state.trial.image.target)) return {state, Revert{state.trial.previous}, {}};
    const Target* running = facts.Running();
    const bool cancelled = state.kind == RollbackKind::kCancel;
    Outcome outcome{
        .schedule_id = state.trial.order.schedule_id,
        .end = cancelled ? Outcome::End::kCancelled : Outcome::End::kRolledBack,
        .reason = state.reason,
        .image = state.trial.image,
        .verdict =
            state.kind == RollbackKind::kAutomatic ? Verdict::kQuarantine : Verdict::kNone,
        .rollback = RollbackFact{state.kind, state.trial.image.target,
                                 running ? running->name : "", state.requested_by}};
    Step step = AfterStartIdle(facts);
    step.outcome = outcome;
    return step;
  }

  Step operator()(const Cancelling& state) const {
    if (Runs(facts, state.image.target)) {
      Trial trial;
      trial.order = state.order;
      trial.image = state.image;
      trial.previous = state.previous;
      trial.last_boot_id = facts.boot_id;
      trial.boot_counter = 1;
      return {RollingBack{trial, RollbackKind::kCancel, state.reason, ""},
              Revert{trial.previous},
              {}};
    }
    return {state, Discard{state.image.target}, {}};
  }
};

}  // namespace

Step AfterStart(const UpdateState& state, const Facts& facts) {
  return std::visit(StartedIn{facts}, state);
}

}  // namespace matic::update
