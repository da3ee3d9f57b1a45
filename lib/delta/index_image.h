// Makes the chunk index of an image, a file or what a slot holds.
#pragma once

#include <cstdint>
#include <stop_token>

#include "lib/base/result.h"
#include "lib/delta/chunk_index.h"
#include "lib/os/block_device.h"

namespace matic::delta {

struct IndexOptions {
  // Without it ChunkIndex::image_sha256 stays zero: for a slot, whose pieces are all that is
  // wanted.
  bool image_digest = true;
  std::stop_token stop = {};
};

// Reads the first `image_bytes` bytes once, and a squashfs's metadata once more. The same content
// always has the same chunks, wherever the rule of docs/formats.md ("Chunks") is kept: blocks of
// the squashfs, small neighbours together; whatever else there is, cut where its content says so.
// So an image's index and that of what a slot holds name equal pieces alike.
//
// kCorrupt where it begins with a squashfs that contradicts itself, whatever else is in it;
// kInvalidArgument where the device has fewer bytes; kCancelled after a stop. Memory: about 3 MiB,
// and 100 bytes for each block of the squashfs.
Result<ChunkIndex> IndexImage(BlockDevice& image, uint64_t image_bytes,
                              const IndexOptions& options = {});

}  // namespace matic::delta
