#include "agent/update/ends.h"
#include "agent/update/handlers.h"

namespace matic::update {

Answer Handle(const Idle& state, const Event& event) {
  return std::visit(
      Overloaded{
          [&](const StageRequested& e) -> Answer {
            return Step{Waiting{e.order}, AwaitTurn{e.order}, {}};
          },
          [&](const RollbackRequested& e) -> Answer {
            Trial trial;
            trial.image.target = e.running;
            trial.image.version = e.running_version;
            trial.image.digest = e.running_digest;
            trial.activated_boot_id = e.boot_id;
            return RollBackByHand(trial, e);
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

Answer Handle(const Waiting& state, const Event& event) {
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

Answer Handle(const Staging& state, const Event& event) {
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

Answer Handle(const Staged& state, const Event& event) {
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

Answer Handle(const Cancelling& state, const Event& event) {
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

}  // namespace matic::update
