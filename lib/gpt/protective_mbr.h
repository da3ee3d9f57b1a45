// Sector 0 of a disk with a GPT (UEFI specification 2.10, section 5.2.3). libfdisk finds no GPT
// without it.
#pragma once

#include <string>
#include <vector>

#include "boot/policy/gpt_copy.h"
#include "lib/base/result.h"
#include "lib/os/block_device.h"

namespace matic::gpt {

enum class MbrState {
  kProtective,
  kMissing,  // no MBR, or one without partitions
  kForeign,  // it has partitions of its own and does not protect a GPT
};

Result<MbrState> ReadMbrState(BlockDevice& disk, const boot::DiskGeometry& geometry);

// Writes one where it is missing, keeping the boot code that may be there, flushes, and appends a
// line. kRefused where somebody has put other partitions there.
Result<> RestoreProtectiveMbr(BlockDevice& disk, const std::string& device,
                              const boot::DiskGeometry& geometry, std::vector<std::string>& mended);

}  // namespace matic::gpt
