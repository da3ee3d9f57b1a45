// What a slot holds already.
#pragma once

#include <optional>
#include <stop_token>

#include "lib/base/result.h"
#include "lib/delta/chunk_index.h"
#include "lib/os/block_device.h"

namespace matic::transfer {

// The chunks of the image in `slot`, all of which is read; its SHA-256 with `image_digest`. Nothing
// where it holds none, or cannot be read: that is no reason not to update. kCancelled when stopped.
Result<std::optional<delta::ChunkIndex>> LookAtSlot(BlockDevice& slot, bool image_digest,
                                                    std::stop_token stop);

}  // namespace matic::transfer
