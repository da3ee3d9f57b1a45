#include "agent/ab/stage_image.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "agent/ab/chunk_ring.h"
#include "agent/ab/slot_writer.h"
#include "boot/policy/section_table.h"

namespace matic::ab {
namespace {

using engine::StagePhase;

// What may be lost where the agent does not get to say how far it has come.
constexpr std::chrono::seconds kKeepEvery{2};

// Cuts what a source gives into chunks.
class ChunkFiller final : public ImageSink {
 public:
  ChunkFiller(ChunkRing& ring, uint64_t position, std::stop_token stop)
      : ring_(ring), stop_(std::move(stop)), position_(position) {}

  void SetTotal(std::optional<uint64_t> bytes, const std::string& validator) override {
    const std::scoped_lock lock(mutex_);
    total_ = bytes.value_or(0);
    validator_ = validator;
  }
  uint64_t total() const { return total_; }
  uint64_t position() const { return position_; }
  std::string validator() const {
    const std::scoped_lock lock(mutex_);
    return validator_;
  }

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
  // Read by the writing thread.
  std::atomic<uint64_t> position_;
  std::atomic<uint64_t> total_ = 0;
  mutable std::mutex mutex_;
  std::string validator_;
};

// Tells how far an image has come.
class Keeper {
 public:
  Keeper(const StageJob& job, SlotWriter& writer, const ChunkFiller& filler)
      : job_(job), writer_(writer), filler_(filler) {}

  Result<> KeepIfDue() {
    if (job_.clock.SinceBoot() - last_ < kKeepEvery) return {};
    return Keep();
  }

  Result<> Keep() {
    last_ = job_.clock.SinceBoot();
    // What was fetched anew meanwhile does not belong to what was written.
    if (!job_.keep || filler_.position() < writer_.size()) return {};
    StagePoint point{.bytes = writer_.size(), .validator = filler_.validator()};
    if (const uint64_t total = filler_.total(); total > 0) {
      point.total_bytes = total;
      point.bytes = std::min(point.bytes, total - 1);  // there must be something to ask for
    }
    point.bytes -= point.bytes % boot::kImageBlockBytes;
    if (point.bytes == 0) return {};
    point.first_block.assign(writer_.first_block().begin(), writer_.first_block().end());
    MATIC_TRY(writer_.Settle());
    job_.keep(point);
    return {};
  }

 private:
  const StageJob& job_;
  SlotWriter& writer_;
  const ChunkFiller& filler_;
  BootTime last_ = job_.clock.SinceBoot();
};

Result<> WriteChunks(ChunkRing& ring, SlotWriter& writer, Keeper& keeper,
                     const std::function<void()>& report, std::stop_token stop) {
  while (Chunk* chunk = ring.TakeFull(stop)) {
    MATIC_TRY(writer.Take(*chunk));
    ring.GiveEmpty(chunk);
    report();
    MATIC_TRY(keeper.KeepIfDue());
  }
  return {};
}

FetchFrom WhereToBegin(const StageJob& job) {
  if (!job.start) return {};
  return {job.start->bytes, job.start->validator, job.start->total_bytes};
}

Result<> FetchAndWrite(const StageJob& job, SlotWriter& writer,
                       const engine::ProgressSink& progress, std::stop_token stop) {
  // Either side's failure ends the other; so does the caller's stop.
  std::stop_source ended;
  const std::stop_callback forward(stop, [&ended] { ended.request_stop(); });
  ChunkRing ring(job.buffer_bytes);
  const FetchFrom from = WhereToBegin(job);
  ChunkFiller filler(ring, from.offset, ended.get_token());
  Keeper keeper(job, writer, filler);
  Result<> fetched;
  std::jthread fetch([&] {
    fetched = job.source.Fetch(from, job.max_bytes, filler, ended.get_token());
    if (fetched) filler.Finish();
    ring.Close();
  });
  const auto report = [&] { progress({StagePhase::kFetching, writer.size(), filler.total()}); };
  const Result<> written = WriteChunks(ring, writer, keeper, report, ended.get_token());
  if (!written) ended.request_stop();
  fetch.join();
  // A failing disk is told by the next who writes.
  if (written && !fetched) (void)keeper.Keep();
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
  if (job.start) {
    const auto read = [&](uint64_t done) {
      progress({StagePhase::kFetching, done, job.start->total_bytes.value_or(0)});
    };
    MATIC_TRY(writer.GoOn(job.start->first_block, job.start->bytes, read, stop));
  }
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
