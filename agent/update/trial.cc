#include "agent/update/ends.h"
#include "agent/update/handlers.h"

namespace matic::update {
namespace {

// Of one that takes no reboot.
Trial RunsNow(Trial trial) {
  trial.last_boot_id = trial.activated_boot_id;
  trial.boot_counter = 1;
  return trial;
}

}  // namespace

Answer Handle(const Activating& state, const Event& event) {
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

Answer Handle(const Activated& state, const Event& event) {
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

Answer Handle(const Trying& state, const Event& event) {
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
            if (trial.previous.empty()) return NoWayBack();
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

Answer Handle(const Confirming& state, const Event& event) {
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

Answer Handle(const RollingBack& state, const Event& event) {
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

Answer Handle(const Rechecking& state, const Event& event) {
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
            Answer step = Handle(Idle{}, event);
            return step ? step : Refused(state, event);
          },
      },
      event);
}

}  // namespace matic::update
