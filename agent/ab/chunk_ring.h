// Bounded buffers between who fetches an image and those that hash it and write it.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "boot/policy/section_table.h"
#include "lib/os/aligned_buffer.h"

namespace matic::ab {

// Bytes of a chunk, in whole blocks.
struct BlockRun {
  size_t begin = 0;
  size_t end = 0;
};

// A piece of an image. All but the last are full, so that each starts at a multiple of their size;
// one at offset 0 behind others starts the image anew.
struct Chunk {
  static constexpr size_t kBlock = boot::kImageBlockBytes;

  // In memory that outlives it, as O_DIRECT takes it.
  explicit Chunk(std::span<uint8_t> memory) : buffer(memory), left_alone(memory.size() / kBlock) {}

  std::span<const uint8_t> bytes() const { return buffer.first(size); }
  std::span<const uint8_t> bytes(const BlockRun& run) const {
    return buffer.subspan(run.begin, run.end - run.begin);
  }
  // The next blocks at or behind `from` that are written.
  std::optional<BlockRun> NextWritten(size_t from) const;

  std::span<uint8_t> buffer;  // behind `size` zeros, up to the end of a block
  uint64_t offset = 0;        // in the image
  size_t size = 0;
  // By block: the slot holds it already, or is given it last.
  std::vector<bool> left_alone;
};

// Those that a full chunk goes through, both at once. When they have done with it, it is filled
// anew.
enum class Stage : uint8_t { kHash, kWrite };

// Each side is one thread's.
class ChunkRing {
 public:
  // Takes about `memory_bytes`, kLeastChunks chunks at least. Nothing is allocated later.
  explicit ChunkRing(size_t memory_bytes);
  static constexpr size_t kLeastChunks = 2;

  // Before the first chunk: there is no such stage.
  void Skip(Stage stage);

  // The filling side. The chunk to fill, with what it held last; null when stopped.
  Chunk* TakeEmpty(std::stop_token stop);
  // The one taken is full.
  void GiveFull();
  // Nothing more comes.
  void Close();

  // A stage's side: its next chunk, in the order given, and the same one until it is done with.
  // Null when closed and drained, or stopped.
  Chunk* Next(Stage stage, std::stop_token stop);
  void Done(Stage stage);

  size_t chunk_bytes() const { return chunks_.front().buffer.size(); }

 private:
  static constexpr size_t kStages = 2;
  static size_t Index(Stage stage) { return static_cast<size_t>(stage); }
  static size_t ChunkBytes(size_t memory_bytes);
  uint64_t Released() const;

  AlignedBuffer memory_;
  std::vector<Chunk> chunks_;  // the n-th one given is chunks_[n % size]
  std::array<bool, kStages> skipped_{};

  std::mutex mutex_;
  // One for each side, so that nobody is woken in vain.
  std::condition_variable_any filler_;
  std::array<std::condition_variable_any, kStages> stages_;
  uint64_t given_ = 0;
  std::array<uint64_t, kStages> done_{};
  bool closed_ = false;
};

}  // namespace matic::ab
