// What each verb of an update makes of the slots' attributes (docs/formats.md, "Slot attributes").
// Pure: given a table, the changes that lead to the verb's end, or why they may not be made.
#pragma once

#include <vector>

#include "lib/gpt/partition_table.h"

namespace matic::ab {

using SlotChanges = std::vector<gpt::SlotChange>;

struct SlotPair {
  boot::Slot running;
  boot::SlotAttributes of_running;
  boot::SlotAttributes of_other;

  boot::Slot other() const { return boot::OtherSlot(running); }
  const boot::SlotAttributes& Of(boot::Slot slot) const {
    return slot == running ? of_running : of_other;
  }
};

// kRefused unless the machine would start the running slot again whatever becomes of the other:
// before that one is given up.
Result<> CheckWayBack(const SlotPair& slots);

// The other slot is the next start, with `tries`; the running one stays the way back.
Result<SlotChanges> PlanActivate(const SlotPair& slots, uint8_t tries);

// `slot` is not bootable. kRefused where that leaves nothing to start, or takes away the only slot
// that is known to be good.
Result<SlotChanges> PlanDiscard(const SlotPair& slots, boot::Slot slot);

// The running slot is good.
SlotChanges PlanConfirm(const SlotPair& slots);

// `previous` is the next start for good, the other one is not bootable. kRefused where `previous`
// is not marked successful.
Result<SlotChanges> PlanRevert(const SlotPair& slots, boot::Slot previous);

// The running slot on trial has one try more, `tries` at most. Nothing for one that is not on
// trial.
SlotChanges PlanGiveTryBack(const SlotPair& slots, uint8_t tries);

}  // namespace matic::ab
