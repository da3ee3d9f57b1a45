// Makes what changed of a new image out of the old one and a patch (docs/formats.md, "Patch").
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>

#include "lib/base/result.h"
#include "lib/delta/patch_content.h"
#include "lib/delta/patch_header.h"
#include "lib/os/block_device.h"

namespace matic::delta {

// One for each processor, at most 4.
unsigned DefaultPackers();

struct ApplyOptions {
  unsigned packers = 0;  // threads; 0: DefaultPackers
  std::stop_token stop = {};
};

// Nothing of what it makes is believed: the caller compares each chunk with the image's index, as
// it does with what comes over the network, and fetches those that are wrong.
//
// Memory is bounded whatever the images' sizes, and grows with the packers. Takes the patch as a
// stream, so nothing of it need be stored. Not for several threads.
class PatchApplier {
 public:
  // Reads the header. The old image must outlive it. kCorrupt where it is no patch;
  // kInvalidArgument where the old image is shorter than the one it was made for.
  static Result<std::unique_ptr<PatchApplier>> Open(PatchReader patch, BlockDevice& old_image,
                                                    const ApplyOptions& options = {});
  virtual ~PatchApplier() = default;

  // Whose old_sha256 and new_sha256 the caller compares with what it has and wants.
  virtual const PatchHeader& header() const = 0;

  // Packs a few blocks of the old image again: kUnavailable where the bytes are others, since this
  // machine's zstd is another than the publisher's. What the patch makes would be of no use then.
  virtual Result<> TryPacker() = 0;

  // Makes the bytes at `offset` of the new image, which must lie within a range of the header. From
  // call to call offsets ascend; what is left out is not packed. False: they cannot be made here
  // (the old image does not hold what it should, or packing gave other bytes); the next ones may.
  // An error ends the patch: kCorrupt where it is damaged, kRefused where it takes more work than a
  // patch may, the reader's own, kCancelled after a stop, kInvalidArgument for bytes that it does
  // not make.
  virtual Result<bool> Read(uint64_t offset, std::span<uint8_t> bytes) = 0;
};

}  // namespace matic::delta
