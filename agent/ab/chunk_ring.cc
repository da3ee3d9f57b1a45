#include "agent/ab/chunk_ring.h"

#include <algorithm>

namespace matic::ab {
namespace {

// Large enough that a disk is written at its full speed.
constexpr size_t kChunkBytes = 1024 * 1024;

}  // namespace

ChunkRing::ChunkRing(size_t memory_bytes) {
  const size_t half = memory_bytes / 2 / kDirectAlignment * kDirectAlignment;
  const size_t chunk_bytes = std::clamp(half, kDirectAlignment, kChunkBytes);
  const size_t count = std::max<size_t>(memory_bytes / chunk_bytes, 2);
  for (size_t i = 0; i < count; ++i) empty_.push_back(&chunks_.emplace_back(chunk_bytes));
}

Chunk* ChunkRing::TakeEmpty(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return !empty_.empty(); })) return nullptr;
  Chunk* chunk = empty_.back();
  empty_.pop_back();
  chunk->size = 0;
  return chunk;
}

void ChunkRing::GiveFull(Chunk* chunk) {
  const std::scoped_lock lock(mutex_);
  full_.push_back(chunk);
  changed_.notify_all();
}

void ChunkRing::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Chunk* ChunkRing::TakeFull(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return closed_ || !full_.empty(); })) return nullptr;
  if (full_.empty()) return nullptr;
  Chunk* chunk = full_.front();
  full_.pop_front();
  return chunk;
}

void ChunkRing::GiveEmpty(Chunk* chunk) {
  const std::scoped_lock lock(mutex_);
  empty_.push_back(chunk);
  changed_.notify_all();
}

}  // namespace matic::ab
