// Makes a patch: what lib/delta/patch_applier.h takes.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "lib/base/result.h"
#include "lib/delta/patch_header.h"
#include "lib/os/block_device.h"

namespace matic::patching {

struct BuiltPatch {
  std::vector<uint8_t> file;
  delta::PatchHeader header;
};

// Of two images as files: all of both is read. It has made the new image of the old one with it,
// every byte that it makes, when this returns. Memory: 6 times what is changed, unpacked; time: a
// minute for a security update of a small system. kInvalidArgument where the images are the same,
// or differ in so much that a patch is no help; kCancelled after a stop.
Result<BuiltPatch> BuildPatch(BlockDevice& old_image, BlockDevice& new_image,
                              const std::stop_token& stop = {});

}  // namespace matic::patching
