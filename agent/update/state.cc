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

struct Name {
  std::string_view operator()(const Idle&) const { return "idle"; }
  std::string_view operator()(const Waiting&) const { return "waiting"; }
  std::string_view operator()(const Staging&) const { return "staging"; }
  std::string_view operator()(const Staged&) const { return "staged"; }
  std::string_view operator()(const Activating&) const { return "activating"; }
  std::string_view operator()(const Activated&) const { return "activated"; }
  std::string_view operator()(const Trying&) const { return "trying"; }
  std::string_view operator()(const Confirming&) const { return "confirming"; }
  std::string_view operator()(const RollingBack&) const { return "rolling-back"; }
  std::string_view operator()(const Cancelling&) const { return "cancelling"; }
  std::string_view operator()(const Rechecking&) const { return "rechecking"; }
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

bool IsFree(const UpdateState& state) {
  return std::holds_alternative<Idle>(state) || std::holds_alternative<Rechecking>(state);
}

std::string_view StateName(const UpdateState& state) { return std::visit(Name{}, state); }

}  // namespace matic::update
