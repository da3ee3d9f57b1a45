// The SHA-256 of an image in a slot, as the device returns it.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"
#include "lib/os/block_device.h"

namespace matic::ab {

// Called with bytes done, while a slot is read.
using VerifyProgress = std::function<void(uint64_t done)>;

// Adds the first `size` bytes to `hash`. kCancelled when stopped.
Result<> AddImage(crypto::Sha256& hash, BlockDevice& slot, uint64_t size,
                  const VerifyProgress& progress, std::stop_token stop);

// Of the first `size` bytes. kCancelled when stopped.
Result<crypto::Digest> HashImage(BlockDevice& slot, uint64_t size, const VerifyProgress& progress,
                                 std::stop_token stop);

}  // namespace matic::ab
