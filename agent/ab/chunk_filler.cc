#include "agent/ab/chunk_filler.h"

#include <algorithm>
#include <cstring>

namespace matic::ab {

void ChunkFiller::SetTotal(std::optional<uint64_t> bytes, const std::string& validator) {
  const std::scoped_lock lock(mutex_);
  total_ = bytes.value_or(0);
  validator_ = validator;
}

std::string ChunkFiller::validator() const {
  const std::scoped_lock lock(mutex_);
  return validator_;
}

void ChunkFiller::Restart() {
  position_ = 0;
  if (chunk_ != nullptr) Begin();
}

Result<> ChunkFiller::Add(std::span<const uint8_t> bytes, Place place) {
  while (!bytes.empty()) {
    if (chunk_ == nullptr) {
      chunk_ = ring_.TakeEmpty(stop_);
      if (chunk_ == nullptr) return Fail(ErrorCode::kCancelled, "stopped while fetching");
      Begin();
    }
    const size_t begin = chunk_->size;
    const size_t count = std::min(chunk_->buffer.size() - begin, bytes.size());
    std::memcpy(chunk_->buffer.data() + begin, bytes.data(), count);
    chunk_->size += count;
    if (place == Place::kToWrite) {
      const size_t last = (chunk_->size - 1) / Chunk::kBlock;
      for (size_t i = begin / Chunk::kBlock; i <= last; ++i) chunk_->left_alone[i] = false;
    }
    position_ += count;
    bytes = bytes.subspan(count);
    if (chunk_->size == chunk_->buffer.size()) Pass();
  }
  return {};
}

void ChunkFiller::Finish() {
  if (chunk_ == nullptr || chunk_->size == 0) return;
  // The rest of the last block is zeros, whatever the slot holds there.
  const size_t rest = chunk_->size % Chunk::kBlock;
  if (rest > 0) {
    chunk_->left_alone[chunk_->size / Chunk::kBlock] = false;
    std::ranges::fill(chunk_->buffer.subspan(chunk_->size, Chunk::kBlock - rest), uint8_t{0});
  }
  Pass();
}

void ChunkFiller::Begin() {
  chunk_->offset = position_;
  chunk_->size = 0;
  chunk_->left_alone.assign(chunk_->left_alone.size(), true);
}

void ChunkFiller::Pass() {
  // An image's first block is written last, by SlotWriter::Complete.
  if (chunk_->offset == 0) chunk_->left_alone[0] = true;
  chunk_ = nullptr;
  ring_.GiveFull();
}

}  // namespace matic::ab
