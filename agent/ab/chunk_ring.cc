#include "agent/ab/chunk_ring.h"

#include <algorithm>

namespace matic::ab {
namespace {

// Large enough that a disk is written at its full speed.
constexpr size_t kChunkBytes = 1024 * 1024;
// While one window is read back the next one is written, and another one fetched.
constexpr size_t kWindowsInRing = 4;

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

ChunkRing::ChunkRing(size_t memory_bytes) {
  static_assert(Chunk::kBlock % kDirectAlignment == 0);
  const size_t share = memory_bytes / kLeastChunks / Chunk::kBlock * Chunk::kBlock;
  const size_t chunk_bytes = std::clamp(share, Chunk::kBlock, kChunkBytes);
  const size_t count = std::max(memory_bytes / chunk_bytes, kLeastChunks);
  for (size_t i = 0; i < count; ++i) chunks_.emplace_back(chunk_bytes);
  window_ = count / kWindowsInRing;
}

void ChunkRing::Skip(Stage stage) { skipped_[Index(stage)] = true; }

uint64_t ChunkRing::Ready(Stage stage) const {
  return stage == Stage::kReadBack ? done_[Index(Stage::kWrite)] : given_;
}

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

bool ChunkRing::AwaitDrained(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  stages_[Index(Stage::kReadBack)].notify_one();
  const bool drained = filler_.wait(lock, stop, [this] { return Released() == given_; });
  draining_ = false;
  return drained;
}

Chunk* ChunkRing::Next(Stage stage, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const uint64_t& done = done_[Index(stage)];
  const auto told = [&] { return done < Ready(stage) || (closed_ && done == given_); };
  if (!stages_[Index(stage)].wait(lock, stop, told)) return nullptr;
  // A stop counts at once, also where there would be more to do.
  if (stop.stop_requested() || done == Ready(stage)) return nullptr;
  return &chunks_[done % chunks_.size()];
}

void ChunkRing::Done(Stage stage) {
  {
    const std::scoped_lock lock(mutex_);
    ++done_[Index(stage)];
  }
  filler_.notify_one();
  if (stage == Stage::kWrite) stages_[Index(Stage::kReadBack)].notify_one();
}

size_t ChunkRing::AwaitWindow(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const uint64_t& written = done_[Index(Stage::kWrite)];
  const uint64_t& done = done_[Index(Stage::kReadBack)];
  const auto told = [&] {
    if (written - done >= window_) return true;
    return Ends() && written == given_ && (closed_ || written > done);
  };
  if (!stages_[Index(Stage::kReadBack)].wait(lock, stop, told)) return 0;
  if (stop.stop_requested()) return 0;
  return std::min<uint64_t>(written - done, window_);
}

}  // namespace matic::ab
