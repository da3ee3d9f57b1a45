// Cuts what a source gives into chunks.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "agent/ab/chunk_ring.h"
#include "agent/transfer/image_source.h"

namespace matic::ab {

// The filling side of a ring. What is const may be asked by other threads.
class ChunkFiller final : public transfer::ImageSink {
 public:
  // `position`: where in the image the first byte belongs, a multiple of the block size.
  ChunkFiller(ChunkRing& ring, uint64_t position, std::stop_token stop)
      : ring_(ring), stop_(std::move(stop)), position_(position) {}

  void SetTotal(std::optional<uint64_t> bytes, const std::string& validator) override;
  void Restart() override;
  Result<> Write(std::span<const uint8_t> bytes) override { return Add(bytes, Place::kToWrite); }
  Result<> WriteInPlace(std::span<const uint8_t> bytes) override {
    return Add(bytes, Place::kThereAlready);
  }
  // The image is complete.
  void Finish();

  uint64_t total() const { return total_; }  // 0: not known
  uint64_t position() const { return position_; }
  std::string validator() const;

 private:
  enum class Place { kToWrite, kThereAlready };
  Result<> Add(std::span<const uint8_t> bytes, Place place);
  void Begin();
  void Pass();

  ChunkRing& ring_;
  std::stop_token stop_;
  Chunk* chunk_ = nullptr;
  std::atomic<uint64_t> position_;
  std::atomic<uint64_t> total_ = 0;
  mutable std::mutex mutex_;
  std::string validator_;
};

}  // namespace matic::ab
