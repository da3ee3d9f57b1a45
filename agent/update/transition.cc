#include "agent/update/transition.h"

#include <algorithm>

#include "agent/update/ends.h"
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

// What an event asks for, in a refusal.
struct EventName {
  std::string_view operator()(const Started&) const { return "a start"; }
  std::string_view operator()(const StageRequested&) const { return "another update"; }
  std::string_view operator()(const TurnCame&) const { return "a turn"; }
  std::string_view operator()(const Prepared&) const { return "the end of preparing"; }
  std::string_view operator()(const PrepareFailed&) const { return "a failure to prepare"; }
  std::string_view operator()(const NothingToDo&) const { return "an end with nothing to do"; }
  std::string_view operator()(const StageSucceeded&) const { return "the end of staging"; }
  std::string_view operator()(const StageFailed&) const { return "a failure to stage"; }
  std::string_view operator()(const ActivateRequested&) const { return "activating"; }
  std::string_view operator()(const ActivationDue&) const { return "the time to activate"; }
  std::string_view operator()(const BaselineChecked&) const { return "a check before activating"; }
  std::string_view operator()(const ActivateSucceeded&) const { return "the end of activating"; }
  std::string_view operator()(const ActivateFailed&) const { return "a failure to activate"; }
  std::string_view operator()(const HealthPassed&) const { return "a verdict of health checks"; }
  std::string_view operator()(const HealthFailed&) const { return "a verdict of health checks"; }
  std::string_view operator()(const ConfirmSucceeded&) const { return "a confirmation"; }
  std::string_view operator()(const ConfirmFailed&) const { return "a failure to confirm"; }
  std::string_view operator()(const RollbackRequested&) const { return "a rollback"; }
  std::string_view operator()(const RevertSucceeded&) const { return "the end of going back"; }
  std::string_view operator()(const RevertFailed&) const { return "a failure to go back"; }
  std::string_view operator()(const CancelRequested&) const { return "cancelling"; }
  std::string_view operator()(const Discarded&) const { return "the end of discarding"; }
  std::string_view operator()(const DiscardFailed&) const { return "a failure to discard"; }
  std::string_view operator()(const RebootRequested&) const { return "a reboot"; }
};

Result<Step> Refused(const UpdateState& state, const Event& event) {
  const std::string what(std::visit(EventName{}, event));
  if (std::holds_alternative<Idle>(state)) {
    return Fail(ErrorCode::kRefused, what + " is not possible while no update is under way");
  }
  return Fail(ErrorCode::kRefused,
              what + " is not possible while the update is " + std::string(StateName(state)));
}

Step RollBack(const Trial& trial, RollbackKind kind, std::string reason, std::string requested_by) {
  return {RollingBack{trial, kind, std::move(reason), std::move(requested_by)},
          Revert{trial.previous},
          {}};
}

// Of one that takes no reboot.
Trial RunsNow(Trial trial) {
  trial.last_boot_id = trial.activated_boot_id;
  trial.boot_counter = 1;
  return trial;
}

using Answer = Result<Step>;

constexpr const char* kNoWayBack =
    "no other system to go back to: no other slot is bootable and confirmed";

Answer RollBackByHand(Trial trial, const RollbackRequested& event) {
  if (!event.previous.empty()) trial.previous = event.previous;
  if (trial.previous.empty()) return Fail(ErrorCode::kRefused, kNoWayBack);
  return RollBack(trial, RollbackKind::kManual, event.reason, event.requested_by);
}

// One handler a state; each takes the events that make sense in it.

Answer In(const Idle& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const StageRequested& e) -> Answer {
            return Step{Waiting{e.order}, AwaitTurn{e.order}, {}};
          },
          [&](const RollbackRequested& e) -> Answer {
            if (e.previous.empty()) return Fail(ErrorCode::kRefused, kNoWayBack);
            Trial trial;
            trial.image.target = e.running;
            trial.image.version = e.running_version;
            trial.image.digest = e.running_digest;
            trial.previous = e.previous;
            trial.activated_boot_id = e.boot_id;
            return RollBack(trial, RollbackKind::kManual, e.reason, e.requested_by);
          },
          [&](const RebootRequested&) -> Answer {
            return Step{state, Reboot{}, {}};
          },
          // Of a target that was left behind; its attributes do not boot it either way.
          [&](const Discarded&) -> Answer {
            return Step{state, AnnounceGoodBoot{}, {}};
          },
          [&](const DiscardFailed&) -> Answer {
            return Step{state, AnnounceGoodBoot{}, {}};
          },
          [&](const auto&) -> Answer { return Refused(state, event); },
      },
      event);
}

Answer In(const Waiting& state, const Event& event) {
  return std::visit(
      Overloaded{
          // Written down first: what follows may end the agent.
          [&](const TurnCame&) -> Answer {
            Waiting next = state;
            next.begun = true;
            return Step{next, Prepare{next.order}, {}};
          },
          [&](const Prepared& e) -> Answer {
            return Step{Staging{e.order}, Stage{e.order}, {}};
          },
          [&](const PrepareFailed& e) -> Answer {
            return Step{Idle{}, {}, EndOf(state.order, Outcome::End::kFailed, e.error.message)};
          },
          [&](const NothingToDo& e) -> Answer {
            return Step{Idle{}, {}, EndOf(state.order, Outcome::End::kCompleted, e.reason)};
          },
          [&](const CancelRequested& e) -> Answer {
            return Step{Idle{}, {}, EndOf(state.order, Outcome::End::kCancelled, CancelReason(e))};
          },
          [&](const RebootRequested&) -> Answer {
            return Step{state, Reboot{}, {}};
          },
          [&](const auto&) -> Answer { return Refused(state, event); },
      },
      event);
}

Answer In(const Staging& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const StageSucceeded& e) -> Answer {
            if (!state.order.version.empty() && state.order.version != e.image.version) {
              return Step{Idle{}, Discard{e.image.target},
                          EndOf(state.order, Outcome::End::kFailed,
                                "the image calls itself version \"" + e.image.version +
                                    "\", the signed manifest \"" + state.order.version + "\"",
                                e.image)};
            }
            if (state.order.mode == Mode::kBuild) {
              return Step{
                  Idle{},
                  {},
                  EndOf(state.order, Outcome::End::kCompleted,
                        "built " + e.image.target + ", and not activated, as asked", e.image)};
            }
            Staged next{state.order, e.image};
            if (!next.order.allow_reboot && !e.image.live) next.order.stop_after_staging = true;
            std::optional<Action> action;
            if (!next.order.stop_after_staging) action = AwaitActivation{next.order, next.image};
            return Step{next, action, {}};
          },
          [&](const NothingToDo& e) -> Answer {
            return Step{Idle{}, {}, EndOf(state.order, Outcome::End::kCompleted, e.reason)};
          },
          [&](const StageFailed& e) -> Answer {
            const bool cancelled = e.error.code == ErrorCode::kCancelled;
            return Step{
                Idle{},
                {},
                EndOf(state.order, cancelled ? Outcome::End::kCancelled : Outcome::End::kFailed,
                      e.error.message)};
          },
          [&](const auto&) -> Answer { return Refused(state, event); },
      },
      event);
}

Answer In(const Staged& state, const Event& event) {
  return std::visit(
      Overloaded{
          // Kept, so that an agent restarted meanwhile goes on.
          [&](const ActivateRequested& e) -> Answer {
            if (!e.schedule_id.empty() && e.schedule_id != state.order.schedule_id) {
              return Refused(state, event);
            }
            Staged next = state;
            next.begun = false;
            next.order.stop_after_staging = false;
            return Step{next, AwaitActivation{next.order, next.image}, {}};
          },
          [&](const ActivationDue&) -> Answer {
            if (state.order.stop_after_staging) return Refused(state, event);
            Staged next = state;
            next.begun = true;
            return Step{next, CheckBaseline{}, {}};
          },
          [&](const ActivateFailed& e) -> Answer {
            return Step{Idle{}, Discard{state.image.target},
                        EndOf(state.order, Outcome::End::kFailed, e.error.message, state.image)};
          },
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
          [&](const RebootRequested&) -> Answer {
            return Step{state, Reboot{}, {}};
          },
          [&](const auto&) -> Answer { return Refused(state, event); },
      },
      event);
}

Answer In(const Activating& state, const Event& event) {
  return std::visit(Overloaded{
                        [&](const ActivateSucceeded&) -> Answer {
                          if (!state.trial.image.live) {
                            return Step{Activated{state.trial}, Reboot{}, {}};
                          }
                          const Trial trial = RunsNow(state.trial);
                          return Step{Trying{trial}, CheckHealth{trial}, {}};
                        },
                        [&](const ActivateFailed& e) -> Answer {
                          if (state.trial.image.live && e.error.code != ErrorCode::kRefused) {
                            Step step = RollBack(RunsNow(state.trial), RollbackKind::kAutomatic,
                                                 e.error.message, "");
                            std::get<RollingBack>(step.next).not_activated = true;
                            return step;
                          }
                          return Step{Idle{}, Discard{state.trial.image.target},
                                      EndOf(state.trial.order, Outcome::End::kFailed,
                                            e.error.message, state.trial.image)};
                        },
                        [&](const auto&) -> Answer { return Refused(state, event); },
                    },
                    event);
}

Answer In(const Activated& state, const Event& event) {
  return std::visit(Overloaded{
                        [&](const RebootRequested&) -> Answer {
                          return Step{state, Reboot{}, {}};
                        },
                        [&](const CancelRequested& e) -> Answer {
                          return Step{Cancelling{state.trial.order, state.trial.image,
                                                 state.trial.previous, CancelReason(e)},
                                      Discard{state.trial.image.target},
                                      {}};
                        },
                        [&](const auto&) -> Answer { return Refused(state, event); },
                    },
                    event);
}

Answer In(const Trying& state, const Event& event) {
  const Trial& trial = state.trial;
  return std::visit(
      Overloaded{
          [&](const HealthPassed&) -> Answer {
            return Step{Confirming{trial, ""}, Confirm{}, {}};
          },
          [&](const HealthFailed& e) -> Answer {
            if (!trial.order.auto_rollback) {
              return Step{Confirming{trial, e.reason}, Confirm{}, {}};
            }
            // Nowhere to go: a sick system that runs beats none. It is asked again.
            if (trial.previous.empty()) return Step{state, CheckHealth{trial}, {}};
            Step step = RollBack(trial, RollbackKind::kAutomatic, e.reason, "");
            std::get<RollingBack>(step.next).failing = e.failing;
            return step;
          },
          [&](const RollbackRequested& e) -> Answer { return RollBackByHand(trial, e); },
          [&](const CancelRequested& e) -> Answer {
            if (trial.previous.empty()) return Fail(ErrorCode::kRefused, kNoWayBack);
            return RollBack(trial, RollbackKind::kCancel, CancelReason(e), e.requested_by);
          },
          [&](const RebootRequested&) -> Answer {
            if (trial.image.live) {
              return Fail(ErrorCode::kRefused, "a reboot now would end the trial of " +
                                                   trial.image.target +
                                                   ", which is not the default yet");
            }
            if (trial.tries_given_back >= kMaxTriesGivenBack) return Step{state, Reboot{}, {}};
            Trial next = trial;
            ++next.tries_given_back;
            return Step{Trying{next}, Reboot{.give_try_back = true}, {}};
          },
          [&](const auto&) -> Answer { return Refused(state, event); },
      },
      event);
}

Answer In(const Confirming& state, const Event& event) {
  const Trial& trial = state.trial;
  return std::visit(
      Overloaded{
          [&](const ConfirmSucceeded&) -> Answer {
            return Step{Idle{}, AnnounceGoodBoot{}, ConfirmedOutcome(trial, state.unhealthy)};
          },
          [&](const ConfirmFailed&) -> Answer {
            return Step{state, Confirm{}, {}};
          },
          [&](const RollbackRequested& e) -> Answer { return RollBackByHand(trial, e); },
          [&](const auto&) -> Answer { return Refused(state, event); },
      },
      event);
}

Answer In(const RollingBack& state, const Event& event) {
  const Trial& trial = state.trial;
  return std::visit(Overloaded{
                        [&](const RevertSucceeded& e) -> Answer {
                          if (e.runs.empty()) return Step{state, Reboot{}, {}};
                          return AfterRollback(state, e.runs, e.golden, trial.activated_boot_id);
                        },
                        [&](const RevertFailed& e) -> Answer {
                          const bool closed = e.error.code == ErrorCode::kRefused ||
                                              e.error.code == ErrorCode::kNotFound;
                          // A disk that did not take it now may take it later; its tries run out in
                          // the meantime.
                          if (!closed && IsOnTrial(trial))
                            return Step{state, Revert{trial.previous}, {}};
                          return CannotRollBack(state, e.error.message);
                        },
                        [&](const RebootRequested&) -> Answer {
                          return Step{state, Reboot{}, {}};
                        },
                        [&](const auto&) -> Answer { return Refused(state, event); },
                    },
                    event);
}

Answer In(const Cancelling& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const Discarded&) -> Answer {
            return Step{Idle{}, AnnounceGoodBoot{},
                        EndOf(state.order, Outcome::End::kCancelled, state.reason, state.image)};
          },
          [&](const DiscardFailed& e) -> Answer {
            return Step{Idle{}, AnnounceGoodBoot{},
                        EndOf(state.order, Outcome::End::kFailed,
                              "cancelled, but " + state.image.target +
                                  " could not be made unbootable: " + e.error.message,
                              state.image)};
          },
          [&](const auto&) -> Answer { return Refused(state, event); },
      },
      event);
}

Answer In(const Rechecking& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const HealthPassed&) -> Answer {
            return Step{Idle{}, {}, {}};
          },
          [&](const HealthFailed& e) -> Answer {
            return Step{Idle{}, {}, {}, FindCommonCause(state, e.reason, e.failing)};
          },
          [&](const RebootRequested&) -> Answer {
            return Step{state, Reboot{}, {}};
          },
          // Of the target that was left. The checks are taken once it has been announced.
          [&](const Discarded&) -> Answer {
            return Step{state, AnnounceGoodBoot{}, {}};
          },
          [&](const DiscardFailed&) -> Answer {
            return Step{state, AnnounceGoodBoot{}, {}};
          },
          [&](const auto&) -> Answer {
            Answer step = In(Idle{}, event);
            return step ? step : Refused(state, event);
          },
      },
      event);
}

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
  return std::visit([&](const auto& current) { return In(current, event); }, state);
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

std::string_view StateName(const UpdateState& state) {
  return std::visit(Overloaded{
                        [](const Idle&) { return "idle"; },
                        [](const Waiting&) { return "waiting"; },
                        [](const Staging&) { return "staging"; },
                        [](const Staged&) { return "staged"; },
                        [](const Activating&) { return "activating"; },
                        [](const Activated&) { return "activated"; },
                        [](const Trying&) { return "trying"; },
                        [](const Confirming&) { return "confirming"; },
                        [](const RollingBack&) { return "rolling-back"; },
                        [](const Cancelling&) { return "cancelling"; },
                        [](const Rechecking&) { return "rechecking"; },
                    },
                    state);
}

}  // namespace matic::update
