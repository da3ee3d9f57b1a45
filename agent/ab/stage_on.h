// Staging that goes on where an earlier one of the same image was cut short.
#pragma once

#include <string>

#include "agent/ab/partial_image.h"
#include "agent/ab/stage_image.h"

namespace matic::ab {

struct StagePlace {
  std::string slot;
  std::string url;
};

// StageImage, which takes up what `partial` tells of this image in this slot, whatever URL it came
// from then, and keeps it told how far it comes. Where the whole turns out wrong it is fetched once
// more, from its first byte: what was found in the slot may have been to blame. Files are read from
// their start.
Result<WrittenImage> StageOn(StageJob job, const PartialImageFile& partial, const StagePlace& place,
                             const engine::ProgressSink& progress, std::stop_token stop);

}  // namespace matic::ab
