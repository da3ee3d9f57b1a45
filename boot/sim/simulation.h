// A start of the machine as the selector would make it, on a disk image.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "boot/policy/run.h"
#include "boot/sim/disk_file.h"

namespace matic::boot {

enum class Consume {
  kNothing,  // the disk is not written; the choice is the one that a start would make
  kTry,      // the write lists are carried out, as a start would
};

// What SimulateStart found out, and the lines the selector would have shown.
struct SimulatedStart {
  std::optional<StartStep> started;  // nothing: back to the firmware
  std::vector<std::string> lines;
};

// Stops where StartImage would be called. A sector that cannot be read or written is what it is to
// the selector: a reason to decide otherwise, not an error.
SimulatedStart SimulateStart(DiskFile& disk, Consume consume);

}  // namespace matic::boot
