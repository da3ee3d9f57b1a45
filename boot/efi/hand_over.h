// Telling the started system which slot it came from: two volatile EFI variables (docs/formats.md,
// "Which slot was started").
#pragma once

#include "boot/efi/firmware.h"
#include "boot/policy/slot.h"

namespace matic::boot {

// Deletes both, whatever attributes they were planted with.
void ForgetSlot(const Firmware& firmware);

// Deletes both and sets them for this slot. False where one of them does not hold afterwards what
// it has to: what the system reads may then be of an earlier start.
bool NameSlot(const Firmware& firmware, Slot slot, const Guid& partition);

}  // namespace matic::boot
