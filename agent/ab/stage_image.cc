#include "agent/ab/stage_image.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "agent/ab/chunk_ring.h"
#include "agent/ab/slot_writer.h"

namespace matic::ab {
namespace {

using engine::StagePhase;

// Cuts what a source gives into chunks.
class ChunkFiller final : public ImageSink {
 public:
  ChunkFiller(ChunkRing& ring, std::stop_token stop) : ring_(ring), stop_(std::move(stop)) {}

  void SetTotal(std::optional<uint64_t> bytes) override { total_ = bytes.value_or(0); }
  uint64_t total() const { return total_; }
  uint64_t position() const { return position_; }

  void Restart() override {
    position_ = 0;
    if (chunk_ != nullptr) {
      chunk_->offset = 0;
      chunk_->size = 0;
    }
  }

  Result<> Write(std::span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      if (chunk_ == nullptr) {
        chunk_ = ring_.TakeEmpty(stop_);
        if (chunk_ == nullptr) return Fail(ErrorCode::kCancelled, "stopped while fetching");
        chunk_->offset = position_;
      }
      const auto room = chunk_->buffer.bytes().subspan(chunk_->size);
      const size_t count = std::min(room.size(), bytes.size());
      std::ranges::copy(bytes.first(count), room.begin());
      chunk_->size += count;
      position_ += count;
      bytes = bytes.subspan(count);
      if (count == room.size()) Pass();
    }
    return {};
  }

  void Finish() {
    if (chunk_ != nullptr) Pass();
  }

 private:
  void Pass() {
    ring_.GiveFull(chunk_);
    chunk_ = nullptr;
  }

  ChunkRing& ring_;
  std::stop_token stop_;
  Chunk* chunk_ = nullptr;
  uint64_t position_ = 0;
  std::atomic<uint64_t> total_ = 0;  // read by the writing thread
};

Result<> WriteChunks(ChunkRing& ring, SlotWriter& writer, const std::function<void()>& report,
                     std::stop_token stop) {
  while (Chunk* chunk = ring.TakeFull(stop)) {
    MATIC_TRY(writer.Take(*chunk));
    ring.GiveEmpty(chunk);
    report();
  }
  return {};
}

Result<> FetchAndWrite(const StageJob& job, SlotWriter& writer,
                       const engine::ProgressSink& progress, std::stop_token stop) {
  // Either side's failure ends the other; so does the caller's stop.
  std::stop_source ended;
  const std::stop_callback forward(stop, [&ended] { ended.request_stop(); });
  ChunkRing ring(job.buffer_bytes);
  ChunkFiller filler(ring, ended.get_token());
  Result<> fetched;
  std::jthread fetch([&] {
    fetched = job.source.Fetch(job.max_bytes, filler, ended.get_token());
    if (fetched) filler.Finish();
    ring.Close();
  });
  const auto report = [&] { progress({StagePhase::kFetching, writer.size(), filler.total()}); };
  const Result<> written = WriteChunks(ring, writer, report, ended.get_token());
  if (!written) ended.request_stop();
  fetch.join();
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while fetching");
  // After a failed write the fetch was told to stop: its error says nothing.
  if (!written) return written;
  if (!fetched) return fetched;
  if (filler.position() != writer.size()) {
    // An answer that began anew and had nothing in it.
    return Fail(ErrorCode::kCorrupt,
                "the source ended after " + std::to_string(filler.position()) + " bytes");
  }
  return {};
}

Result<> CheckDigest(const StageJob& job, const crypto::Digest& digest, uint64_t size) {
  if (job.sha256 == digest) return {};
  return Fail(ErrorCode::kCorrupt, "sha256 mismatch: the image (" + std::to_string(size) +
                                       " bytes) has " + crypto::ToHex(digest) + ", asked for was " +
                                       crypto::ToHex(job.sha256));
}

}  // namespace

Result<WrittenImage> StageImage(const StageJob& job, const engine::ProgressSink& progress,
                                std::stop_token stop) {
  SlotWriter writer(job.slot, job.make_unbootable);
  MATIC_TRY(FetchAndWrite(job, writer, progress, stop));
  const uint64_t size = writer.size();
  if (size == 0) return Fail(ErrorCode::kCorrupt, "not an image: it is empty");
  const crypto::Digest digest = writer.Digest();
  MATIC_TRY(CheckDigest(job, digest, size));
  const auto verified = [&](uint64_t done) { progress({StagePhase::kVerifying, done, size}); };
  verified(0);
  MATIC_ASSIGN(const image::ImageInfo info, writer.Verify(digest, verified, stop));
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while verifying");
  MATIC_TRY(writer.Complete());
  return WrittenImage{digest, size, info.version};
}

}  // namespace matic::ab
