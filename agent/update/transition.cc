#include "agent/update/transition.h"

#include <algorithm>

#include "agent/update/ends.h"
#include "agent/update/handlers.h"
#include "agent/update/started.h"

namespace matic::update {
namespace {

std::vector<std::string> ChecksOf(const std::vector<Suspect>& suspects) {
  std::vector<std::string> checks;
  for (const Suspect& suspect : suspects) {
    for (const std::string& check : suspect.checks) {
      if (std::ranges::find(checks, check) == checks.end()) checks.push_back(check);
    }
  }
  return checks;
}

}  // namespace

Answer Refused(const UpdateState& state, const Event& event) {
  const std::string what(EventName(event));
  if (std::holds_alternative<Idle>(state)) {
    return Fail(ErrorCode::kRefused, what + " is not possible while no update is under way");
  }
  return Fail(ErrorCode::kRefused,
              what + " is not possible while the update is " + std::string(StateName(state)));
}

Answer NoWayBack() {
  return Fail(ErrorCode::kRefused,
              "no other system to go back to: no other slot is bootable and confirmed");
}

Answer RollBackByHand(Trial trial, const RollbackRequested& event) {
  if (!event.previous.empty()) trial.previous = event.previous;
  if (trial.previous.empty()) return NoWayBack();
  return RollBack(trial, RollbackKind::kManual, event.reason, event.requested_by);
}

std::string CancelReason(const CancelRequested& event) {
  std::string reason = "cancelled";
  if (!event.requested_by.empty()) reason += " by " + event.requested_by;
  if (!event.reason.empty()) reason += ": " + event.reason;
  return reason;
}

bool IsMeantFor(const CancelRequested& event, const UpdateState& state) {
  const Order* order = OrderOf(state);
  return event.schedule_id.empty() || (order != nullptr && order->schedule_id == event.schedule_id);
}

Result<Step> Transition(const UpdateState& state, const Event& event) {
  if (const auto* started = std::get_if<Started>(&event)) return AfterStart(state, started->facts);
  // What was asked for of an update that has ended since is not done to the next one.
  const auto* cancel = std::get_if<CancelRequested>(&event);
  if (cancel != nullptr && !IsMeantFor(*cancel, state)) {
    return Fail(ErrorCode::kRefused, cancel->schedule_id + " has ended, and is not cancelled");
  }
  return std::visit([&](const auto& current) { return Handle(current, event); }, state);
}

std::optional<Action> PendingAction(const UpdateState& state) {
  using Pending = std::optional<Action>;
  return std::visit(
      Overloaded{
          [](const Idle&) -> Pending { return std::nullopt; },
          [](const Waiting& s) -> Pending {
            if (s.begun) return Prepare{s.order};
            return AwaitTurn{s.order};
          },
          [](const Staging& s) -> Pending { return Stage{s.order}; },
          [](const Staged& s) -> Pending {
            if (s.order.stop_after_staging) return std::nullopt;
            if (s.begun) return CheckBaseline{};
            return AwaitActivation{s.order, s.image};
          },
          [](const Activating& s) -> Pending { return Activate{s.trial.image}; },
          [](const Activated&) -> Pending { return Reboot{}; },
          [](const Trying& s) -> Pending { return CheckHealth{s.trial}; },
          [](const Confirming&) -> Pending { return Confirm{}; },
          [](const RollingBack& s) -> Pending { return Revert{s.trial.previous}; },
          [](const Cancelling& s) -> Pending { return Discard{s.image.target}; },
          [](const Rechecking& s) -> Pending { return Recheck{ChecksOf(s.suspects)}; },
      },
      state);
}

}  // namespace matic::update
