// Writes an image into a slot so that it cannot be started before it is whole (docs/formats.md,
// "Staging order").
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "agent/ab/chunk_ring.h"
#include "agent/ab/hash_image.h"
#include "lib/base/result.h"
#include "lib/crypto/sha256.h"
#include "lib/image/image_reader.h"
#include "lib/os/block_device.h"

namespace matic::ab {

// The verbs are called in the order below. After a power loss at any moment until Complete has
// returned, the slot's first block is zero, or everything behind it is verified and durable: who
// calls Complete has had everything that was taken hashed and read back.
class SlotWriter {
 public:
  // `make_unbootable` sets the slot's attributes to 0/0/0, durably; it is called once, before the
  // first write, when the image's first bytes look like an image.
  SlotWriter(BlockDevice& slot, std::function<Result<>()> make_unbootable);

  // Instead of the chunks before `bytes`: those are in the slot already, from an earlier writer
  // whose first_block() this was.
  Result<> GoOn(std::span<const uint8_t> first_block, uint64_t bytes);
  // Adds them to `hash`, as the device returns them: nobody else vouches for them.
  Result<> AddWritten(crypto::Sha256& hash, const VerifyProgress& progress, std::stop_token stop);

  // kCorrupt where the image does not begin as one, kInvalidArgument where it does not fit.
  Result<> Take(const Chunk& chunk);

  // Makes durable what was taken so far, for another writer to go on with.
  Result<> Settle() { return slot_.Flush(); }
  // Of the image; zeros until there is one.
  std::span<const uint8_t> first_block() const { return first_block_.bytes(); }

  uint64_t size() const { return position_; }

  // Flushes, and checks the image's own structure and sections as the device returns them
  // (kCorrupt). That it returns what was written is ReadBack's to check, before.
  Result<image::ImageInfo> Inspect();

  // The first block: the slot holds the image from here on.
  Result<> Complete();

 private:
  Result<> Prepare(std::span<const uint8_t> first);

  BlockDevice& slot_;
  std::function<Result<>()> make_unbootable_;
  bool prepared_ = false;
  AlignedBuffer first_block_;
  uint64_t position_ = 0;
};

}  // namespace matic::ab
