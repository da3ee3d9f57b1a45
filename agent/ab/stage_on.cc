#include "agent/ab/stage_on.h"

#include <spdlog/spdlog.h>

#include "lib/http/url.h"

namespace matic::ab {
namespace {

std::string DigestOfUrl(const std::string& url) {
  return crypto::ToHex(
      crypto::Sha256Of({reinterpret_cast<const uint8_t*>(url.data()), url.size()}));
}

// What was found in the slot, or how it is read, may be what is wrong.
bool MayBeTheRest(const Error& error) {
  return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kIo ||
         error.code == ErrorCode::kInvalidArgument;
}

}  // namespace

Result<WrittenImage> StageOn(StageJob job, const PartialImageFile& partial, const StagePlace& place,
                             const engine::ProgressSink& progress, std::stop_token stop) {
  if (http::UrlScheme(place.url) == "file") {
    partial.Forget();
    return StageImage(job, progress, stop);
  }
  PartialImage now{place.slot, crypto::ToHex(job.sha256), DigestOfUrl(place.url), {}};
  if (auto found = partial.Load();
      found && found->slot == now.slot && found->sha256 == now.sha256) {
    spdlog::info("download: {} bytes of {} are in {} already", found->point.bytes,
                 http::PublicUrl(place.url), place.slot);
    if (found->source != now.source) found->point.validator.clear();
    job.start = std::move(found->point);
  } else {
    partial.Forget();
  }
  bool told = false;
  job.keep = [&](const StagePoint& point) {
    // What is behind it is of use still.
    if (job.begins_anew && job.start && point.bytes < job.start->bytes) return;
    now.point = point;
    const Result<> kept = partial.Keep(now);
    if (!kept && !told) spdlog::warn("download: {}", kept.error().message);
    told = told || !kept;
  };
  auto written = StageImage(job, progress, stop);
  if (!written && job.start && MayBeTheRest(written.error()) && !stop.stop_requested()) {
    spdlog::warn("download: {}; fetching it from its start", written.error().message);
    partial.Forget();
    job.start.reset();
    written = StageImage(job, progress, stop);
  }
  if (written || MayBeTheRest(written.error())) partial.Forget();
  return written;
}

}  // namespace matic::ab
