// What firmware does to a disk before it starts the selector.
#pragma once

#include "boot/sim/disk_file.h"
#include "lib/base/result.h"

namespace matic::crash {

// As EDK2's PartitionDxe: where one copy of the partition table is bad it is written anew from the
// other one, its header first, and nothing is flushed.
Result<> MendTable(boot::DiskFile& disk);

}  // namespace matic::crash
