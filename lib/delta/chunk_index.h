// The chunk index of an image, IMAGE.idx: what it is made of, piece by piece, so that a machine
// that has most of the pieces fetches the others only (docs/formats.md, "Chunk index").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"

namespace matic::delta {

// One in memory at a time on a machine.
inline constexpr uint32_t kMaxChunkBytes = 1024 * 1024;
// Of a file. An index is never larger than its image needs, either: MaxIndexBytes.
inline constexpr size_t kMaxIndexBytes = 64 * 1024 * 1024;

struct IndexedChunk {
  uint32_t length = 0;  // 1 to kMaxChunkBytes
  crypto::Digest sha256{};

  bool operator==(const IndexedChunk&) const = default;
};

struct ChunkIndex {
  crypto::Digest image_sha256{};     // flat, of the whole image file
  uint64_t image_bytes = 0;          // the sum of the lengths
  std::vector<IndexedChunk> chunks;  // one behind the other from the image's first byte

  bool operator==(const ChunkIndex&) const = default;
};

// What the index of an image of that size can be at most; what is longer need not be fetched.
size_t MaxIndexBytes(uint64_t image_bytes);

// kCorrupt names what is wrong and where. Takes no more memory than the file has bytes.
Result<ChunkIndex> DecodeIndex(std::span<const uint8_t> file);

// The file. `index` has to hold: lengths within bounds that add up to image_bytes.
std::vector<uint8_t> EncodeIndex(const ChunkIndex& index);

}  // namespace matic::delta
