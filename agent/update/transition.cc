#include "agent/update/transition.h"

#include "agent/update/started.h"

namespace matic::update {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

Outcome EndOf(const Order& order, Outcome::End end, std::string reason, StagedImage image = {}) {
  return {.schedule_id = order.schedule_id,
          .end = end,
          .reason = std::move(reason),
          .image = std::move(image),
          .rollback = {}};
}

Result<Step> Nonsense(const UpdateState& state, std::string_view what) {
  return Fail(ErrorCode::kRefused,
              std::string(what) + " is not possible while the update is " +
                  std::string(StateName(state)));
}

Step RollBack(const Trial& trial, RollbackKind kind, std::string reason, std::string requested_by) {
  return {RollingBack{trial, kind, std::move(reason), std::move(requested_by)},
          Revert{trial.previous},
          {}};
}

using Answer = Result<Step>;

// One handler a state; each takes the events that make sense in it.

Answer In(const Idle& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const StageRequested& e) -> Answer {
            return Step{Staging{e.order}, Stage{e.order}, {}};
          },
          [&](const RollbackRequested& e) -> Answer {
            if (e.previous.empty()) {
              return Fail(ErrorCode::kRefused,
                          "no other system to go back to: no other slot is bootable and confirmed");
            }
            Trial trial;
            trial.image.target = e.running;
            trial.image.version = e.running_version;
            trial.image.digest = e.running_digest;
            trial.previous = e.previous;
            return RollBack(trial, RollbackKind::kManual, e.reason, e.requested_by);
          },
          [&](const RebootRequested&) -> Answer { return Step{state, Reboot{}, {}}; },
          // Of a target that was left behind; its attributes do not boot it either way.
          [&](const Discarded&) -> Answer { return Step{state, AnnounceGoodBoot{}, {}}; },
          [&](const DiscardFailed&) -> Answer { return Step{state, AnnounceGoodBoot{}, {}}; },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const Staging& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const StageSucceeded& e) -> Answer {
            std::optional<Action> action;
            if (!state.order.stop_after_staging) action = CheckBaseline{};
            return Step{Staged{state.order, e.image}, action, {}};
          },
          [&](const StageFailed& e) -> Answer {
            const bool cancelled = e.error.code == ErrorCode::kCancelled;
            return Step{Idle{},
                        {},
                        EndOf(state.order,
                              cancelled ? Outcome::End::kCancelled : Outcome::End::kFailed,
                              e.error.message)};
          },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const Staged& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const ActivateRequested&) -> Answer { return Step{state, CheckBaseline{}, {}}; },
          [&](const BaselineChecked& e) -> Answer {
            Trial trial;
            trial.order = state.order;
            trial.image = state.image;
            trial.previous = e.running;
            trial.activated_boot_id = e.boot_id;
            trial.failing_before = e.failing;
            return Step{Activating{trial}, Activate{state.image}, {}};
          },
          [&](const CancelRequested& e) -> Answer {
            return Step{Cancelling{state.order, state.image, "", CancelReason(e)},
                        Discard{state.image.target},
                        {}};
          },
          [&](const RebootRequested&) -> Answer { return Step{state, Reboot{}, {}}; },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const Activating& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const ActivateSucceeded&) -> Answer {
            return Step{Activated{state.trial}, Reboot{}, {}};
          },
          [&](const ActivateFailed& e) -> Answer {
            return Step{Idle{},
                        Discard{state.trial.image.target},
                        EndOf(state.trial.order, Outcome::End::kFailed, e.error.message,
                              state.trial.image)};
          },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const Activated& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const RebootRequested&) -> Answer { return Step{state, Reboot{}, {}}; },
          [&](const CancelRequested& e) -> Answer {
            return Step{Cancelling{state.trial.order, state.trial.image, state.trial.previous,
                                   CancelReason(e)},
                        Discard{state.trial.image.target},
                        {}};
          },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const Trying& state, const Event& event) {
  const Trial& trial = state.trial;
  return std::visit(
      Overloaded{
          [&](const HealthPassed&) -> Answer { return Step{Confirming{trial, ""}, Confirm{}, {}}; },
          [&](const HealthFailed& e) -> Answer {
            if (!trial.order.auto_rollback) {
              return Step{Confirming{trial, e.reason}, Confirm{}, {}};
            }
            // Nowhere to go: a sick system that runs beats none. It is asked again.
            if (trial.previous.empty()) return Step{state, CheckHealth{trial}, {}};
            return RollBack(trial, RollbackKind::kAutomatic, e.reason, "");
          },
          [&](const RollbackRequested& e) -> Answer {
            if (trial.previous.empty()) {
              return Fail(ErrorCode::kRefused,
                          "no other system to go back to: no other slot is bootable and confirmed");
            }
            return RollBack(trial, RollbackKind::kManual, e.reason, e.requested_by);
          },
          [&](const CancelRequested& e) -> Answer {
            if (trial.previous.empty()) {
              return Fail(ErrorCode::kRefused, "no other system to go back to");
            }
            return RollBack(trial, RollbackKind::kCancel, CancelReason(e), e.requested_by);
          },
          [&](const RebootRequested&) -> Answer {
            if (trial.tries_given_back >= kMaxTriesGivenBack) return Step{state, Reboot{}, {}};
            Trial next = trial;
            ++next.tries_given_back;
            return Step{Trying{next}, Reboot{.give_try_back = true}, {}};
          },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const Confirming& state, const Event& event) {
  const Trial& trial = state.trial;
  return std::visit(
      Overloaded{
          [&](const ConfirmSucceeded&) -> Answer {
            const bool healthy = state.unhealthy.empty();
            return Step{Idle{}, AnnounceGoodBoot{},
                        EndOf(trial.order,
                              healthy ? Outcome::End::kCompleted : Outcome::End::kFailed,
                              healthy ? "" : "running, unhealthy: " + state.unhealthy,
                              trial.image)};
          },
          [&](const ConfirmFailed&) -> Answer { return Step{state, Confirm{}, {}}; },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const RollingBack& state, const Event& event) {
  const Trial& trial = state.trial;
  return std::visit(
      Overloaded{
          [&](const RevertSucceeded&) -> Answer { return Step{state, Reboot{}, {}}; },
          [&](const RevertFailed& e) -> Answer {
            return Step{Idle{},
                        {},
                        EndOf(trial.order, Outcome::End::kFailed,
                              state.reason + "; and it could not be rolled back: " +
                                  e.error.message,
                              trial.image)};
          },
          [&](const RebootRequested&) -> Answer { return Step{state, Reboot{}, {}}; },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

Answer In(const Cancelling& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const Discarded&) -> Answer {
            return Step{
                Idle{},
                {},
                EndOf(state.order, Outcome::End::kCancelled, state.reason, state.image)};
          },
          [&](const DiscardFailed& e) -> Answer {
            return Step{Idle{},
                        {},
                        EndOf(state.order, Outcome::End::kFailed,
                              "cancelled, but " + state.image.target +
                                  " could not be made unbootable: " + e.error.message,
                              state.image)};
          },
          [&](const auto&) -> Answer { return Nonsense(state, "this"); },
      },
      event);
}

}  // namespace

std::string CancelReason(const CancelRequested& event) {
  std::string reason = "cancelled";
  if (!event.requested_by.empty()) reason += " by " + event.requested_by;
  if (!event.reason.empty()) reason += ": " + event.reason;
  return reason;
}

Result<Step> Transition(const UpdateState& state, const Event& event) {
  if (const auto* started = std::get_if<Started>(&event)) return AfterStart(state, started->facts);
  return std::visit([&](const auto& current) { return In(current, event); }, state);
}

std::string_view StateName(const UpdateState& state) {
  return std::visit(Overloaded{
                        [](const Idle&) { return "idle"; },
                        [](const Staging&) { return "staging"; },
                        [](const Staged&) { return "staged"; },
                        [](const Activating&) { return "activating"; },
                        [](const Activated&) { return "activated"; },
                        [](const Trying&) { return "trying"; },
                        [](const Confirming&) { return "confirming"; },
                        [](const RollingBack&) { return "rolling-back"; },
                        [](const Cancelling&) { return "cancelling"; },
                    },
                    state);
}

}  // namespace matic::update
