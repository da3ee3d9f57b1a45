// What each state makes of an event: one handler a state, which takes the events that make sense in
// it and refuses the others. Those up to the activation are in before_trial.cc, the others in
// trial.cc.
#pragma once

#include "agent/update/transition.h"

namespace matic::update {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

using Answer = Result<Step>;

Answer Handle(const Idle& state, const Event& event);
Answer Handle(const Waiting& state, const Event& event);
Answer Handle(const Staging& state, const Event& event);
Answer Handle(const Staged& state, const Event& event);
Answer Handle(const Cancelling& state, const Event& event);
Answer Handle(const Activating& state, const Event& event);
Answer Handle(const Activated& state, const Event& event);
Answer Handle(const Trying& state, const Event& event);
Answer Handle(const Confirming& state, const Event& event);
Answer Handle(const RollingBack& state, const Event& event);
Answer Handle(const Rechecking& state, const Event& event);

Answer Refused(const UpdateState& state, const Event& event);

// Refused where there is nothing to go back to.
Answer RollBackByHand(Trial trial, const RollbackRequested& event);
Answer NoWayBack();

}  // namespace matic::update
