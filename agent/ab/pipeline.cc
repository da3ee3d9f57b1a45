#include "agent/ab/pipeline.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "agent/ab/chunk_filler.h"
#include "agent/ab/read_back.h"

namespace matic::ab {
namespace {

using engine::StagePhase;

// What may be lost where the agent does not get to say how far it has come.
constexpr std::chrono::seconds kKeepEvery{2};

// Tells how far an image has come. On the writing thread.
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

// Ends all threads of a pipeline at the first failure of one that works on the slot, or at the
// caller's stop.
class Ending {
 public:
  explicit Ending(std::stop_token stop)
      : forward_(std::move(stop), [this] { ended_.request_stop(); }) {}

  std::stop_token token() const { return ended_.get_token(); }
  void Take(const Result<>& result) {
    if (result) return;
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = result.error();
    ended_.request_stop();
  }
  // When the threads have come to their end.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  std::mutex mutex_;
  std::optional<Error> failure_;
  std::stop_source ended_;
  std::stop_callback<std::function<void()>> forward_;
};

// What the writing thread does with each chunk.
class WriteStage {
 public:
  WriteStage(SlotWriter& writer, ReadBack* read_back, Keeper& keeper, std::function<void()> report)
      : writer_(writer), read_back_(read_back), keeper_(keeper), report_(std::move(report)) {}

  Result<> Run(ChunkRing& ring, const std::stop_token& stop) {
    while (Chunk* chunk = ring.Next(Stage::kWrite, stop)) {
      // The image began anew: nothing is written over what is yet to be read back.
      if (chunk->offset == 0 && read_back_ != nullptr && !read_back_->Drain(stop)) return {};
      MATIC_TRY(writer_.Take(*chunk));
      if (read_back_ != nullptr && !read_back_->Note(*chunk, stop)) return {};
      ring.Done(Stage::kWrite);
      report_();
      MATIC_TRY(keeper_.KeepIfDue());
    }
    return {};
  }

 private:
  SlotWriter& writer_;
  ReadBack* const read_back_;
  Keeper& keeper_;
  const std::function<void()> report_;
};

void HashChunks(ChunkRing& ring, crypto::Sha256& hash, std::stop_token stop) {
  while (Chunk* chunk = ring.Next(Stage::kHash, stop)) {
    if (chunk->offset == 0) hash = crypto::Sha256();
    hash.Update(chunk->bytes());
    ring.Done(Stage::kHash);
  }
}

transfer::FetchFrom WhereToBegin(const StageJob& job) {
  if (!job.start) return {};
  return {job.start->bytes, job.start->validator, job.start->total_bytes};
}

}  // namespace

Result<> RunPipeline(const StageJob& job, SlotWriter& writer, crypto::Sha256& hash,
                     const engine::ProgressSink& progress, std::stop_token stop) {
  Ending ending(stop);
  ChunkRing ring(job.buffer_bytes);
  if (!job.hash) ring.Skip(Stage::kHash);
  std::optional<ReadBack> read_back;
  if (job.read_back) read_back.emplace(job.slot, job.window_bytes);
  const transfer::FetchFrom from = WhereToBegin(job);
  ChunkFiller filler(ring, from.offset, ending.token());
  Keeper keeper(job, writer, filler);
  WriteStage writing(writer, read_back ? &*read_back : nullptr, keeper, [&] {
    progress({StagePhase::kFetching, writer.size(), filler.total()});
  });
  Result<> fetched;
  {
    std::jthread fetch([&] {
      fetched = job.source.get().Fetch(from, job.max_bytes, filler, ending.token());
      if (fetched) filler.Finish();
      ring.Close();
    });
    std::jthread hasher, reader;
    if (job.hash) hasher = std::jthread([&] { HashChunks(ring, hash, ending.token()); });
    if (read_back) reader = std::jthread([&] { ending.Take(read_back->Run(ending.token())); });
    ending.Take(writing.Run(ring, ending.token()));
    if (read_back) read_back->Close();
  }
  // A failing disk is told by the next who writes.
  if (!ending.failure() && !fetched) (void)keeper.Keep();
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while fetching");
  // After a failed write the fetch was told to stop: its error says nothing.
  if (ending.failure()) return Fail(*ending.failure());
  if (!fetched) return fetched;
  if (filler.position() != writer.size()) {
    // An answer that began anew and had nothing in it.
    return Fail(ErrorCode::kCorrupt,
                "the source ended after " + std::to_string(filler.position()) + " bytes");
  }
  return {};
}

}  // namespace matic::ab
