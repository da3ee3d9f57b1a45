// Whether an image can be put together of what is here, and how.
#pragma once

#include <filesystem>
#include <stop_token>

#include "agent/transfer/chunked_source.h"

namespace matic::transfer {

struct DeltaSlots {
  BlockDevice& running;
  BlockDevice& target;
  // Where the chunks of `target` are kept while it is written, for a staging that is cut short to
  // go on with what is left of them. Empty: nowhere.
  std::filesystem::path target_index = {};
};

struct DeltaPlan {
  ChunkedImage image;
  // A signature vouches for the index, so that its chunks' digests are as good as the image's.
  bool trusted = false;
  // Every chunk that the target is said to hold was read there and hashed for this plan, and is not
  // what somebody wrote down once.
  bool target_was_read = false;
  uint64_t index_bytes = 0;  // fetched for the plan
};

// Fetches the index, and reads both slots at once; neither is changed. The error is the reason to
// fetch all of the image: what FetchIndex says, or kRefused where hardly anything would be spared.
// kCancelled when stopped.
Result<DeltaPlan> PlanDelta(http::HttpClient& http, const WantedImage& wanted,
                            const DeltaSlots& slots, Aim aim, const http::RetryPolicy& retry,
                            Clock& clock, std::stop_token stop);

}  // namespace matic::transfer
