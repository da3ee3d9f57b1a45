// Whether bytes lie within a device: asked before every read and write.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/result.h"

namespace matic {

// kInvalidArgument "write /dev/vda3 at 512: 4096 bytes reach beyond its end (2048 bytes)" where
// [offset, offset + length) is not within [0, size). Sums that would overflow are beyond it too.
Result<> CheckRange(std::string_view verb, std::string_view device, uint64_t offset,
                    uint64_t length, uint64_t size);

}  // namespace matic
