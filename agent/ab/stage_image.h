// One image, from its source into a slot, verified there.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "agent/ab/image_source.h"
#include "agent/ab/partial_image.h"
#include "agent/engine/backend.h"
#include "lib/crypto/sha256.h"
#include "lib/os/block_device.h"
#include "lib/os/clock.h"

namespace matic::ab {

struct StageJob {
  ImageSource& source;
  BlockDevice& slot;
  crypto::Digest sha256;  // what the image must have
  uint64_t max_bytes;     // more than these are not fetched
  size_t buffer_bytes;
  std::function<Result<>()> make_unbootable;  // see SlotWriter
  Clock& clock;
  std::optional<StagePoint> start = {};  // what an earlier job came to: it is gone on with
  // Told how far it has come, every two seconds and where it ends too soon; that much is durable.
  std::function<void(const StagePoint&)> keep = nullptr;
};

struct WrittenImage {
  crypto::Digest digest{};
  uint64_t size_bytes = 0;
  std::string version;
};

// Fetches on a thread of its own, hashes and writes on the caller's. `progress` is called on the
// caller's thread. Until it returns without an error the slot cannot be started. kCorrupt where the
// digest is another (both are named) or the image contradicts itself; kCancelled when stopped.
Result<WrittenImage> StageImage(const StageJob& job, const engine::ProgressSink& progress,
                                std::stop_token stop);

}  // namespace matic::ab
