#include "agent/update/ends.h"

#include <algorithm>

namespace matic::update {
namespace {

// Those that were left before on the same way back, and the one that is left now.
std::vector<Suspect> SuspectsOf(const RollingBack& state) {
  std::vector<Suspect> suspects = state.trial.suspects;
  if (state.kind == RollbackKind::kAutomatic && !state.failing.empty()) {
    const Trial& trial = state.trial;
    suspects.push_back({trial.order.schedule_id, trial.image.target, trial.image.version,
                        trial.image.digest, state.failing});
  }
  return suspects;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Outcome EndOf(const Order& order, Outcome::End end, std::string reason, StagedImage image) {
  return {.schedule_id = order.schedule_id,
          .end = end,
          .reason = std::move(reason),
          .image = std::move(image),
          .rollback = {}};
}

Step RollBack(const Trial& trial, RollbackKind kind, std::string reason, std::string requested_by) {
  return {RollingBack{trial, kind, std::move(reason), std::move(requested_by)},
          Revert{trial.previous},
          {}};
}

bool IsOnTrial(const Trial& trial) { return !trial.last_boot_id.empty(); }

Outcome ConfirmedOutcome(const Trial& trial, const std::string& unhealthy) {
  const bool healthy = unhealthy.empty();
  return {.schedule_id = trial.order.schedule_id,
          .end = healthy ? Outcome::End::kCompleted : Outcome::End::kFailed,
          .reason = healthy ? "" : "running, unhealthy: " + unhealthy,
          .image = trial.image,
          .stays = true,
          .rollback = {}};
}

Outcome RolledBackOutcome(const RollingBack& state, const std::string& to) {
  const Trial& trial = state.trial;
  const bool automatic = state.kind == RollbackKind::kAutomatic;
  RollbackCause cause = RollbackCause::kAskedFor;
  if (automatic) cause = state.not_activated ? RollbackCause::kActivation : RollbackCause::kHealth;
  return {.schedule_id = trial.order.schedule_id,
          .end = state.kind == RollbackKind::kCancel ? Outcome::End::kCancelled
                                                     : Outcome::End::kRolledBack,
          .reason = state.reason,
          .image = trial.image,
          .verdict = automatic ? Verdict::kQuarantine : Verdict::kNone,
          .rollback = RollbackFact{state.kind, trial.image.target, to, state.requested_by,
                                   trial.last_boot_id, cause}};
}

UpdateState AfterLeaving(const RollingBack& state, const std::string& runs) {
  std::vector<Suspect> suspects = SuspectsOf(state);
  if (state.kind != RollbackKind::kAutomatic || suspects.empty()) return Idle{};
  return Rechecking{runs, std::move(suspects)};
}

std::optional<CommonCause> FindCommonCause(const Rechecking& state, const std::string& reason,
                                           const std::vector<std::string>& failing) {
  CommonCause found{.runs = state.runs, .checks = {}, .reason = reason, .suspects = {}};
  for (const Suspect& suspect : state.suspects) {
    bool explained = false;
    for (const std::string& check : suspect.checks) {
      if (!Contains(failing, check)) continue;
      explained = true;
      if (!Contains(found.checks, check)) found.checks.push_back(check);
    }
    if (explained) found.suspects.push_back(suspect);
  }
  if (found.suspects.empty()) return std::nullopt;
  return found;
}

Step AfterRollback(const RollingBack& state, const std::string& runs, const std::string& golden,
                   const std::string& boot_id) {
  Outcome outcome = RolledBackOutcome(state, runs);
  if (state.kind != RollbackKind::kAutomatic || golden.empty() || golden == runs) {
    return {AfterLeaving(state, runs), AnnounceGoodBoot{}, std::move(outcome)};
  }
  Trial trial;
  trial.order.auto_rollback = true;
  trial.order.health_timeout = state.trial.order.health_timeout;
  trial.image.target = runs;
  trial.image.live = state.trial.image.live;
  trial.previous = golden;
  trial.activated_boot_id = boot_id;
  trial.last_boot_id = boot_id;
  trial.boot_counter = 1;
  trial.failing_before = state.trial.failing_before;
  trial.suspects = SuspectsOf(state);
  trial.way_back = true;
  return {Trying{trial}, CheckHealth{trial}, std::move(outcome)};
}

Step CannotRollBack(const RollingBack& state, const std::string& why) {
  Outcome outcome{.schedule_id = state.trial.order.schedule_id,
                  .end = Outcome::End::kFailed,
                  .reason = state.reason + "; and it could not be rolled back: " + why,
                  .image = state.trial.image,
                  .rollback = {}};
  if (state.kind == RollbackKind::kAutomatic) outcome.verdict = Verdict::kQuarantine;
  if (!IsOnTrial(state.trial)) return {Idle{}, {}, std::move(outcome)};
  Trial stays = state.trial;
  stays.order = Order{};
  stays.order.auto_rollback = true;
  stays.order.health_timeout = state.trial.order.health_timeout;
  stays.previous.clear();
  stays.way_back = false;  // it leads nowhere any more
  return {Trying{stays}, CheckHealth{stays}, std::move(outcome)};
}

}  // namespace matic::update
