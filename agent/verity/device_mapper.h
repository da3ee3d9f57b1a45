// The kernel's device mapper, as far as a read-only device of one target needs it
// (linux/dm-ioctl.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace matic::verity {

struct MappedDevice {
  std::string name;    // "matic-root"
  std::string target;  // "verity"
  uint64_t sectors = 0;
  std::string parameters;
};

// Makes the device and returns it ("/dev/dm-0"). kNotFound where the kernel has no device mapper.
// kInvalidArgument where it refuses the target (its log says why); no device is left then.
Result<std::filesystem::path> MapReadOnly(const MappedDevice& device);

}  // namespace matic::verity
