// Rollbacks that people ask for, and where they lead.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/engine/update_engine.h"

namespace matic::engine {

namespace {

Result<const update::Target*> NamedTarget(const update::Facts& facts, const std::string& name) {
  const update::Target* named = facts.Find(name);
  if (named != nullptr && !named->running && named->Confirmed()) return named;
  return Fail(ErrorCode::kRefused, "there is no way back to " + name +
                                       ": it runs already, is gone, or is not bootable and "
                                       "confirmed any more; osctl status shows what there is");
}

// Nothing where it does not say.
Result<const update::Target*> ChosenTarget(const update::Facts& facts,
                                           const RollbackRequest& request) {
  if (!request.target.empty()) return NamedTarget(facts, request.target);
  if (!request.golden && request.generation == 0) return nullptr;
  const update::Target* chosen = facts.Golden();
  const std::string name =
      request.golden ? "golden system" : "generation " + std::to_string(request.generation);
  if (!request.golden) {
    const auto it =
        std::ranges::find(facts.targets, request.generation, &update::Target::generation);
    chosen = it == facts.targets.end() ? nullptr : &*it;
  }
  if (chosen == nullptr) {
    return Fail(ErrorCode::kNotFound,
                "there is no " + name + " here; osctl generations shows what there is");
  }
  if (chosen->running) return Fail(ErrorCode::kRefused, "the " + name + " is what runs");
  if (!chosen->Confirmed()) {
    return Fail(ErrorCode::kRefused, "the " + name +
                                         " cannot be started: its system is gone from "
                                         "the store, or was never confirmed");
  }
  return chosen;
}

Result<std::string> WayBackByHand(const update::UpdateState& state, const update::Facts& facts,
                                  const RollbackRequest& request) {
  const bool on_trial = std::holds_alternative<update::Trying>(state) ||
                        std::holds_alternative<update::Confirming>(state);
  if (!on_trial && !IsFree(state)) {
    return Fail(ErrorCode::kRefused, "the update is " + std::string(StateName(state)) +
                                         "; cancel it instead (osctl schedule cancel)");
  }
  MATIC_ASSIGN(const update::Target* chosen, ChosenTarget(facts, request));
  if (chosen == nullptr) {
    chosen = on_trial ? facts.Find(update::TrialOf(state)->previous) : facts.WayBack();
  }
  if (chosen != nullptr && chosen->Confirmed()) return chosen->name;
  return Fail(ErrorCode::kRefused,
              "there is no system to go back to: no other one is bootable and confirmed");
}

}  // namespace

Result<update::RollbackRequested> RollbackByHand(const AgentState& agent,
                                                 const update::Facts& facts,
                                                 const RollbackRequest& request,
                                                 const std::string& requested_by) {
  const update::Target* running = facts.Running();
  if (running == nullptr) return Fail(ErrorCode::kInternal, "no system is known to run");
  MATIC_ASSIGN(std::string previous, WayBackByHand(agent.update, facts, request));
  return update::RollbackRequested{
      .reason = request.reason.empty() ? "asked for by hand" : request.reason,
      .requested_by = requested_by,
      .running = running->name,
      .running_version = running->version,
      .running_digest = DigestIn(agent, *running),
      .previous = std::move(previous),
      .boot_id = facts.boot_id};
}

Result<Rollback> UpdateEngine::TriggerRollback(const RollbackRequest& request,
                                               const Caller& caller) {
  MATIC_ASSIGN(update::Facts facts, ReadDisk());
  const std::scoped_lock lock(beginning_);
  const AgentState state = ledger_.State();
  // One that waits for the worker, which runs the hooks after the last one.
  if (const auto active = ledger_.ActiveSchedule(); active && IsFree(state.update)) {
    return Fail(ErrorCode::kRefused,
                active->id + " is scheduled; cancel it first (osctl schedule cancel)");
  }
  MATIC_ASSIGN(update::RollbackRequested event,
               RollbackByHand(state, facts, request, caller.description));
  spdlog::info("rollback from {} to {} asked for by {}: {}", event.running, event.previous,
               caller.description, event.reason);
  Rollback rollback{event.running, event.previous};
  worker_.Post(std::move(event));
  return rollback;
}

Result<std::vector<RollbackRecord>> UpdateEngine::GetRollbackHistory(size_t limit) {
  return ledger_.Rollbacks(limit);
}

Result<std::vector<HistoryEvent>> UpdateEngine::GetHistory(size_t limit,
                                                           std::optional<WallTime> since) {
  return ledger_.Events(limit, since);
}

}  // namespace matic::engine
