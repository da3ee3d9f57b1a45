// The write cache of a SATA disk. EDK2's block driver for AHCI and IDE answers FlushBlocks with
// success and sends the disk nothing, so the command is sent past it (UEFI
// specification 2.10, 13.13, "EFI ATA Pass Thru Protocol"; ATA8-ACS, FLUSH CACHE EXT and FLUSH
// CACHE).
#pragma once

#include <cstdint>
#include <span>

#include "boot/efi/firmware.h"

namespace matic::boot {

// True where the disk at the device path says that it is done, has no such command and so no cache,
// or is no ATA disk; and where the firmware cannot send the command. Takes 30 seconds for each of
// the two commands at most.
bool FlushAtaCache(const Firmware& firmware, std::span<const uint8_t> disk_nodes);

}  // namespace matic::boot
