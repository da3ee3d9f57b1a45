#include "agent/ab/slot_changes.h"

#include <algorithm>

namespace matic::ab {
namespace {

std::string Name(boot::Slot slot) { return std::string(boot::SlotName(slot)); }

bool IsGood(const boot::SlotAttributes& slot) { return boot::IsBootable(slot) && slot.successful; }

}  // namespace

Result<> CheckWayBack(const SlotPair& slots) {
  if (IsGood(slots.of_running)) return {};
  return Fail(ErrorCode::kRefused, Name(slots.running) +
                                       " runs but is not marked successful: until it is, " +
                                       Name(slots.other()) + " is the way back and stays as it is");
}

Result<SlotChanges> PlanActivate(const SlotPair& slots, uint8_t tries) {
  MATIC_TRY(CheckWayBack(slots));
  boot::SlotAttributes running = slots.of_running;
  running.priority = boot::kRunningPriority;
  return SlotChanges{{slots.running, running},
                     {slots.other(), {boot::kActivatedPriority, tries, false}}};
}

Result<SlotChanges> PlanDiscard(const SlotPair& slots, boot::Slot slot) {
  if (slots.Of(slot) == boot::kUnbootable) return SlotChanges{};
  const boot::SlotAttributes& kept = slots.Of(boot::OtherSlot(slot));
  if (!boot::IsBootable(kept)) {
    return Fail(ErrorCode::kRefused, Name(slot) + " stays as it is: nothing else could be started");
  }
  if (IsGood(slots.Of(slot)) && !kept.successful) {
    return Fail(ErrorCode::kRefused,
                Name(slot) + " stays as it is: it is the only slot marked successful");
  }
  return SlotChanges{{slot, boot::kUnbootable}};
}

SlotChanges PlanConfirm(const SlotPair& slots) {
  // One started as a last resort has priority 0, with which it would not be bootable.
  const uint8_t priority = std::max(slots.of_running.priority, boot::kRunningPriority);
  return {{slots.running, {priority, 0, true}}};
}

Result<SlotChanges> PlanRevert(const SlotPair& slots, boot::Slot previous) {
  if (!IsGood(slots.Of(previous))) {
    return Fail(ErrorCode::kRefused,
                Name(previous) + " cannot be gone back to: it is not marked successful");
  }
  const boot::Slot left = boot::OtherSlot(previous);
  // One that was confirmed stays the way back from the way back; one on trial has failed.
  const boot::SlotAttributes after = IsGood(slots.Of(left))
                                         ? boot::SlotAttributes{boot::kRunningPriority, 0, true}
                                         : boot::kUnbootable;
  return SlotChanges{{previous, {boot::kActivatedPriority, 0, true}}, {left, after}};
}

SlotChanges PlanGiveTryBack(const SlotPair& slots, uint8_t tries) {
  boot::SlotAttributes running = slots.of_running;
  // Not IsOnTrial: the running start may have taken the last try.
  if (running.successful || running.priority == 0 || running.tries >= tries) return {};
  ++running.tries;
  return {{slots.running, running}};
}

}  // namespace matic::ab
