// Staging an image that is put together of what the slots hold and what is fetched.
#pragma once

#include <functional>
#include <optional>

#include "agent/ab/stage_on.h"
#include "agent/transfer/plan_delta.h"
#include "lib/http/http_client.h"

namespace matic::ab {

struct DeltaStage {
  transfer::WantedImage wanted;
  transfer::DeltaSlots slots;
  transfer::Aim aim = transfer::Aim::kLeastTime;
  http::RetryPolicy retry = {};
  std::function<void(uint64_t)> reused = [](uint64_t) {};
};

// StageOn, by the parts of the image instead of by `job.source`. Nothing where all of it is to be
// fetched after all: none of its index is published, hardly anything of it is here, or the parts
// turned out wrong. Where the slot holds that very image already, it is verified and not written.
Result<std::optional<WrittenImage>> StageByParts(const DeltaStage& delta, const StageJob& job,
                                                 http::HttpClient& http,
                                                 const PartialImageFile& partial,
                                                 const StagePlace& place,
                                                 const engine::ProgressSink& progress,
                                                 std::stop_token stop);

}  // namespace matic::ab
