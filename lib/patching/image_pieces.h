// What two images do not share, unpacked.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "lib/base/result.h"
#include "lib/delta/chunk_index.h"
#include "lib/delta/patch_header.h"
#include "lib/os/block_device.h"
#include "lib/squashfs/layout.h"

namespace matic::patching {

struct Image {
  delta::ChunkIndex index;
  squashfs::Layout layout;  // without blocks where it is no squashfs
};

// Reads all of it.
Result<Image> ReadImage(BlockDevice& device, std::stop_token stop);

// The chunks of `image` that `other` has not, neighbours together.
std::vector<delta::ByteRange> NotIn(const delta::ChunkIndex& image, const delta::ChunkIndex& other);

struct Pieces {
  std::vector<delta::OldPiece> pieces;  // of this image
  std::vector<uint8_t> content;         // what they unpack to, one behind the other
};

// What is in those ranges of an image, along its squashfs's blocks. A block that cannot be unpacked
// is as it is stored. `level` above 0: so is one that zstd does not pack to the same bytes again.
Result<Pieces> ReadPieces(BlockDevice& device, const Image& image,
                          std::span<const delta::ByteRange> ranges, int level,
                          const std::stop_token& stop);

// A few packed blocks outside of `ranges` that zstd packs to the same bytes again.
Result<std::vector<delta::ByteRange>> FindSamples(BlockDevice& device, const Image& image,
                                                  std::span<const delta::ByteRange> ranges,
                                                  int level);

}  // namespace matic::patching
