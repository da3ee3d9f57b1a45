#include "agent/ab/stage_delta.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "agent/ab/hash_image.h"
#include "lib/http/url.h"
#include "lib/image/image_reader.h"

namespace matic::ab {
namespace {

// The parts are wrong, or cannot be had, as from a server that takes few connections: the whole may
// be right.
bool MayBeTheParts(const Error& error) {
  return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kRefused ||
         error.code == ErrorCode::kUnavailable;
}

// The image that the plan found in the slot, chunk by chunk.
Result<WrittenImage> TakeAsItIs(const transfer::DeltaPlan& plan, const StageJob& job,
                                const engine::ProgressSink& progress, std::stop_token stop) {
  const uint64_t size = plan.image.index.image_bytes;
  progress({engine::StagePhase::kVerifying, 0, size});
  if (!plan.trusted) {
    const auto report = [&](uint64_t done) {
      progress({engine::StagePhase::kVerifying, done, size});
    };
    MATIC_ASSIGN(const crypto::Digest digest, HashImage(job.slot, size, report, std::move(stop)));
    if (digest != job.sha256) {
      return Fail(ErrorCode::kCorrupt, "the index names other chunks than the image has");
    }
  }
  MATIC_ASSIGN(const image::ImageInfo info, image::InspectImage(job.slot));
  if (info.image_bytes != size) {
    return Fail(ErrorCode::kCorrupt, "the image ends elsewhere than its index says");
  }
  MATIC_TRY(image::VerifyParts(job.slot, info));
  return WrittenImage{job.sha256, size, info.version};
}

}  // namespace

Result<std::optional<WrittenImage>> StageByParts(const DeltaStage& delta, const StageJob& job,
                                                 http::HttpClient& http,
                                                 const PartialImageFile& partial,
                                                 const StagePlace& place,
                                                 const engine::ProgressSink& progress,
                                                 std::stop_token stop) {
  const std::string name = http::PublicUrl(place.url);
  const auto all_of_it = [&](const Error& why) -> Result<std::optional<WrittenImage>> {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while fetching");
    spdlog::info("download: all of {}: {}", name, why.message);
    return std::nullopt;
  };
  auto plan =
      transfer::PlanDelta(http, delta.wanted, delta.slots, delta.aim, delta.retry, job.clock, stop);
  if (!plan) return all_of_it(plan.error());
  const transfer::ChunkPlan& chunks = plan->image.plan;
  spdlog::info("download: {}: {} bytes in {} requests, {} are here already", name,
               chunks.fetched_bytes, chunks.requests, chunks.reused_bytes);
  if (plan->target_was_read && chunks.all_in_place()) {
    auto held = TakeAsItIs(*plan, job, progress, stop);
    if (!held) return all_of_it(held.error());
    delta.reused(held->size_bytes);
    partial.Forget();
    return *held;
  }
  plan->image.reused = delta.reused;
  StageJob parts = job;
  parts.hash = !plan->trusted;
  parts.begins_anew = true;
  // What is here comes evenly, and putting it together takes memory of its own.
  parts.buffer_bytes = job.buffer_bytes / 4;
  transfer::ChunkedSource source(std::move(plan->image), delta.slots.running, delta.slots.target,
                                 http, job.clock);
  parts.source = source;
  auto written = StageOn(parts, partial, place, progress, stop);
  if (written) return *written;
  if (MayBeTheParts(written.error())) return all_of_it(written.error());
  return Fail(written.error());
}

}  // namespace matic::ab
