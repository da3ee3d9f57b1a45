// One image, from its source into a slot, verified there.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "agent/ab/partial_image.h"
#include "agent/engine/backend.h"
#include "agent/transfer/image_source.h"
#include "lib/crypto/sha256.h"
#include "lib/os/block_device.h"
#include "lib/os/clock.h"

namespace matic::ab {

struct StageJob {
  std::reference_wrapper<transfer::ImageSource> source;
  BlockDevice& slot;
  crypto::Digest sha256;  // what the image must have
  uint64_t max_bytes;     // more than these are not fetched
  size_t buffer_bytes;
  std::function<Result<>()> make_unbootable;  // see SlotWriter
  Clock& clock;
  // Whether the image's hash is taken and compared with `sha256`. Not where the source has checked
  // each byte against digests that are as good, those before `start` too.
  bool hash = true;
  // The source goes through all of the image in any case, and takes what `start` tells of from the
  // slot, as far as it is right.
  bool begins_anew = false;
  // Whether the slot has to return what was written before the image counts as staged, and how many
  // bytes are flushed and read back together.
  bool read_back = true;
  size_t window_bytes = 64 * 1024 * 1024;
  std::optional<StagePoint> start = {};  // what an earlier job came to: it is gone on with
  // Told how far it has come, every two seconds and where it ends too soon; that much is durable.
  std::function<void(const StagePoint&)> keep = nullptr;
};

struct WrittenImage {
  crypto::Digest digest{};  // StageJob::sha256
  uint64_t size_bytes = 0;
  std::string version;
};

// `progress`, `make_unbootable` and `keep` are called on the caller's thread (agent/ab/pipeline.h
// has the others). Until it returns without an error the slot cannot be started. kCorrupt where the
// digest is another (both are named) or the image contradicts itself; kIo where the device fails or
// returns other bytes than were written; kCancelled when stopped.
Result<WrittenImage> StageImage(const StageJob& job, const engine::ProgressSink& progress,
                                std::stop_token stop);

}  // namespace matic::ab
