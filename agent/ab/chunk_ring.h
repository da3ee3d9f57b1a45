// A bounded queue of buffers between the thread that fetches an image and the one that writes it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <stop_token>
#include <vector>

#include "lib/os/aligned_buffer.h"

namespace matic::ab {

// A piece of an image. All but the last are full, so that each starts at a multiple of their size;
// one at offset 0 behind others starts the image anew.
struct Chunk {
  explicit Chunk(size_t capacity) : buffer(capacity) {}

  std::span<const uint8_t> bytes() const { return buffer.bytes().first(size); }

  AlignedBuffer buffer;
  uint64_t offset = 0;  // in the image
  size_t size = 0;
};

class ChunkRing {
 public:
  // Takes about `memory_bytes`, two chunks at least. Nothing is allocated later.
  explicit ChunkRing(size_t memory_bytes);

  // The fetching side. An empty chunk; null when stopped.
  Chunk* TakeEmpty(std::stop_token stop);
  void GiveFull(Chunk* chunk);
  // Nothing more comes.
  void Close();

  // The writing side, in the order given. Null when closed and drained, or stopped.
  Chunk* TakeFull(std::stop_token stop);
  void GiveEmpty(Chunk* chunk);

 private:
  std::deque<Chunk> chunks_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Chunk*> empty_;
  std::deque<Chunk*> full_;
  bool closed_ = false;
};

}  // namespace matic::ab
