// The threads that bring an image from its source into a slot, each at its own pace.
#pragma once

#include <stop_token>

#include "agent/ab/slot_writer.h"
#include "agent/ab/stage_image.h"
#include "lib/crypto/sha256.h"

namespace matic::ab {

// Fetches, hashes and reads back on threads of its own, and writes on the caller's: a chunk is
// hashed while it is written, and it is read back, behind a flush, while later ones are written.
// `hash` takes all bytes of the image behind those that it has already, where `job.hash`.
//
// When this returns without an error, `writer` has taken the whole image, and the device has
// returned every byte that was written, but for the first block and for `!job.read_back`. What
// failed first is what is told.
Result<> RunPipeline(const StageJob& job, SlotWriter& writer, crypto::Sha256& hash,
                     const engine::ProgressSink& progress, std::stop_token stop);

}  // namespace matic::ab
