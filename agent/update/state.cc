#include "agent/update/state.h"

namespace matic::update {
namespace {

struct FindTrial {
  const Trial* operator()(const Idle&) const { return nullptr; }
  const Trial* operator()(const Waiting&) const { return nullptr; }
  const Trial* operator()(const Staging&) const { return nullptr; }
  const Trial* operator()(const Staged&) const { return nullptr; }
  const Trial* operator()(const Activating& state) const { return &state.trial; }
  const Trial* operator()(const Activated& state) const { return &state.trial; }
  const Trial* operator()(const Trying& state) const { return &state.trial; }
  const Trial* operator()(const Confirming& state) const { return &state.trial; }
  const Trial* operator()(const RollingBack& state) const { return &state.trial; }
  const Trial* operator()(const Cancelling&) const { return nullptr; }
  const Trial* operator()(const Rechecking&) const { return nullptr; }
};

}  // namespace

const Trial* TrialOf(const UpdateState& state) { return std::visit(FindTrial{}, state); }

const Order* OrderOf(const UpdateState& state) {
  if (const Trial* trial = TrialOf(state)) return &trial->order;
  if (const auto* waiting = std::get_if<Waiting>(&state)) return &waiting->order;
  if (const auto* staging = std::get_if<Staging>(&state)) return &staging->order;
  if (const auto* staged = std::get_if<Staged>(&state)) return &staged->order;
  if (const auto* cancelling = std::get_if<Cancelling>(&state)) return &cancelling->order;
  return nullptr;
}

}  // namespace matic::update
