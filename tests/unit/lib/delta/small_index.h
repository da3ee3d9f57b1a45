// An index of no image in particular.
#pragma once

#include "lib/delta/chunk_index.h"

namespace matic::delta {

inline ChunkIndex MakeSmallIndex(uint32_t chunks) {
  ChunkIndex index;
  index.image_sha256.fill(0xab);
  for (uint32_t i = 0; i < chunks; ++i) {
    IndexedChunk chunk{30000 + i, {}};
    chunk.sha256[0] = static_cast<uint8_t>(i);
    chunk.sha256[1] = static_cast<uint8_t>(i >> 8);
    index.image_bytes += chunk.length;
    index.chunks.push_back(chunk);
  }
  return index;
}

}  // namespace matic::delta
