// An image put together of what this machine has and what it fetches.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "agent/transfer/chunk_plan.h"
#include "agent/transfer/delta_offer.h"
#include "agent/transfer/image_source.h"
#include "agent/transfer/patch_way.h"
#include "agent/transfer/range_stream.h"

namespace matic::transfer {

struct ChunkedImage {
  std::string url;
  delta::ChunkIndex index;
  ChunkPlan plan;
  std::optional<PatchFile> patch;  // to be tried
  crypto::Digest running_sha256{};
  Aim aim = Aim::kLeastTime;
  http::RetryPolicy retry = {};
  // Told of bytes that need not be fetched.
  std::function<void(uint64_t)> reused = [](uint64_t) {};
};

// Gives each chunk when its SHA-256 is the index's, from wherever it came; what the slots turn out
// not to hold, or the patch to make wrongly, is fetched. Reads of `target` nothing but what is not
// overwritten yet. After an interruption it begins anew, with what was written before in its place.
//
// kRefused where the server does not answer with parts; kCorrupt where it has other content than
// the index says. All of the image is to be fetched then.
class ChunkedSource final : public ImageSource {
 public:
  // All must outlive it.
  ChunkedSource(ChunkedImage image, BlockDevice& running, BlockDevice& target,
                http::HttpClient& http, Clock& clock)
      : image_(std::move(image)), running_(running), target_(target), http_(http), clock_(clock) {}

  Result<> Fetch(const FetchFrom& from, uint64_t max_bytes, ImageSink& sink,
                 std::stop_token stop) override;

 private:
  class Run;

  ChunkedImage image_;
  BlockDevice& running_;
  BlockDevice& target_;
  http::HttpClient& http_;
  Clock& clock_;
};

}  // namespace matic::transfer
