#include "agent/ab/chunk_ring.h"

#include <algorithm>

namespace matic::ab {
namespace {

// Large enough that a disk is written at its full speed.
constexpr size_t kChunkBytes = 1024 * 1024;

}  // namespace

std::optional<BlockRun> Chunk::NextWritten(size_t from) const {
  const size_t blocks = (size + kBlock - 1) / kBlock;
  size_t begin = from / kBlock;
  while (begin < blocks && left_alone[begin]) ++begin;
  if (begin >= blocks) return std::nullopt;
  size_t end = begin;
  while (end < blocks && !left_alone[end]) ++end;
  return BlockRun{begin * kBlock, end * kBlock};
}

size_t ChunkRing::ChunkBytes(size_t memory_bytes) {
  static_assert(Chunk::kBlock % kDirectAlignment == 0);
  const size_t share = memory_bytes / kLeastChunks / Chunk::kBlock * Chunk::kBlock;
  return std::clamp(share, Chunk::kBlock, kChunkBytes);
}

ChunkRing::ChunkRing(size_t memory_bytes)
    : memory_(std::max(memory_bytes / ChunkBytes(memory_bytes), kLeastChunks) *
              ChunkBytes(memory_bytes)) {
  const size_t chunk_bytes = ChunkBytes(memory_bytes);
  for (size_t at = 0; at < memory_.size(); at += chunk_bytes) {
    chunks_.emplace_back(memory_.bytes().subspan(at, chunk_bytes));
  }
}

void ChunkRing::Skip(Stage stage) { skipped_[Index(stage)] = true; }

uint64_t ChunkRing::Released() const {
  uint64_t released = given_;
  for (size_t i = 0; i < kStages; ++i) {
    if (!skipped_[i]) released = std::min(released, done_[i]);
  }
  return released;
}

Chunk* ChunkRing::TakeEmpty(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!filler_.wait(lock, stop, [this] { return given_ - Released() < chunks_.size(); })) {
    return nullptr;
  }
  return &chunks_[given_ % chunks_.size()];
}

void ChunkRing::GiveFull() {
  {
    const std::scoped_lock lock(mutex_);
    ++given_;
  }
  stages_[Index(Stage::kHash)].notify_one();
  stages_[Index(Stage::kWrite)].notify_one();
}

void ChunkRing::Close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  for (auto& stage : stages_) stage.notify_one();
}

Chunk* ChunkRing::Next(Stage stage, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const uint64_t& done = done_[Index(stage)];
  if (!stages_[Index(stage)].wait(lock, stop, [&] { return done < given_ || closed_; })) {
    return nullptr;
  }
  // A stop counts at once, also where there would be more to do.
  if (stop.stop_requested() || done == given_) return nullptr;
  return &chunks_[done % chunks_.size()];
}

void ChunkRing::Done(Stage stage) {
  {
    const std::scoped_lock lock(mutex_);
    ++done_[Index(stage)];
  }
  filler_.notify_one();
}

}  // namespace matic::ab
