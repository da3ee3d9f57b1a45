#include "agent/ab/stage_image.h"

#include "agent/ab/pipeline.h"
#include "agent/ab/slot_writer.h"

namespace matic::ab {
namespace {

using engine::StagePhase;

// What an earlier writer came to.
Result<> GoOn(const StageJob& job, SlotWriter& writer, crypto::Sha256& hash,
              const engine::ProgressSink& progress, std::stop_token stop) {
  if (!job.start) return {};
  MATIC_TRY(writer.GoOn(job.start->first_block, job.start->bytes));
  if (!job.hash || job.begins_anew) return {};
  const auto read = [&](uint64_t done) {
    progress({StagePhase::kFetching, done, job.start->total_bytes.value_or(0)});
  };
  return writer.AddWritten(hash, read, std::move(stop));
}

Result<> CheckDigest(const StageJob& job, crypto::Sha256& hash, uint64_t size) {
  if (!job.hash) return {};
  const crypto::Digest digest = hash.Finish();
  if (job.sha256 == digest) return {};
  return Fail(ErrorCode::kCorrupt, "sha256 mismatch: the image (" + std::to_string(size) +
                                       " bytes) has " + crypto::ToHex(digest) + ", asked for was " +
                                       crypto::ToHex(job.sha256));
}

}  // namespace

Result<WrittenImage> StageImage(const StageJob& job, const engine::ProgressSink& progress,
                                std::stop_token stop) {
  SlotWriter writer(job.slot, job.make_unbootable);
  crypto::Sha256 hash;
  MATIC_TRY(GoOn(job, writer, hash, progress, stop));
  MATIC_TRY(RunPipeline(job, writer, hash, progress, stop));
  const uint64_t size = writer.size();
  if (size == 0) return Fail(ErrorCode::kCorrupt, "not an image: it is empty");
  MATIC_TRY(CheckDigest(job, hash, size));
  progress({StagePhase::kVerifying, size, size});
  MATIC_ASSIGN(const image::ImageInfo info, writer.Inspect());
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while verifying");
  MATIC_TRY(writer.Complete());
  return WrittenImage{job.sha256, size, info.version};
}

}  // namespace matic::ab
