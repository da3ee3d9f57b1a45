// Bounded buffers between who fetches an image and those that hash it, write it and read it back.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
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

  explicit Chunk(size_t capacity) : buffer(capacity), left_alone(capacity / kBlock) {}

  std::span<const uint8_t> bytes() const { return buffer.bytes().first(size); }
  // The next blocks at or behind `from` that are written, and are read back.
  std::optional<BlockRun> NextWritten(size_t from) const;

  AlignedBuffer buffer;  // behind `size` zeros, up to the end of a block
  uint64_t offset = 0;   // in the image
  size_t size = 0;
  // By block: the slot holds it already, or is given it last.
  std::vector<bool> left_alone;
};

// Those that a full chunk goes through. Who hashes and who writes may both be at it at once; it is
// read back when it was written, and filled anew when all have done with it.
enum class Stage : uint8_t { kHash, kWrite, kReadBack };

// Each side is one thread's.
class ChunkRing {
 public:
  // Takes about `memory_bytes`, kLeastChunks chunks at least. Nothing is allocated later.
  explicit ChunkRing(size_t memory_bytes);
  static constexpr size_t kLeastChunks = 8;

  // Before the first chunk: there is no such stage.
  void Skip(Stage stage);

  // The filling side. The chunk to fill, with what it held last; null when stopped.
  Chunk* TakeEmpty(std::stop_token stop);
  // The one taken is full.
  void GiveFull();
  // Nothing more comes.
  void Close();
  // Until every stage has done with all that was given; no when stopped.
  bool AwaitDrained(std::stop_token stop);

  // A stage's side: its next chunk, in the order given, and the same one until it is done with.
  // Null when closed and drained, or stopped.
  Chunk* Next(Stage stage, std::stop_token stop);
  void Done(Stage stage);
  // How many chunks were written and are to be read back together: always as many, but for the last
  // before the ring is closed or drained. 0 when there are no more, or stopped.
  size_t AwaitWindow(std::stop_token stop);

  size_t chunk_bytes() const { return chunks_.front().buffer.size(); }

 private:
  static constexpr size_t kStages = 3;
  static size_t Index(Stage stage) { return static_cast<size_t>(stage); }
  // Chunks that `stage` could begin with by now.
  uint64_t Ready(Stage stage) const;
  uint64_t Released() const;
  bool Ends() const { return closed_ || draining_; }

  std::deque<Chunk> chunks_;  // the n-th one given is chunks_[n % size]
  size_t window_;
  std::array<bool, kStages> skipped_{};

  std::mutex mutex_;
  // One for each side, so that nobody is woken in vain.
  std::condition_variable_any filler_;
  std::array<std::condition_variable_any, kStages> stages_;
  uint64_t given_ = 0;
  std::array<uint64_t, kStages> done_{};
  bool closed_ = false;
  bool draining_ = false;
};

}  // namespace matic::ab
