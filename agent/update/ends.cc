#include "agent/update/ends.h"

namespace matic::update {

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
  return {Trying{stays}, CheckHealth{stays}, std::move(outcome)};
}

}  // namespace matic::update
