// A disk, a partition of it, or a plain file that stands for one.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/result.h"

namespace matic {

// Offsets and sizes are bytes. Nothing written is durable before Flush has returned; after a power
// loss each write since then may be there, missing or torn at a sector.
class BlockDevice {
 public:
  virtual ~BlockDevice() = default;
  // Fills `buffer` whole from the medium, past the page cache, or fails (kIo; kInvalidArgument
  // beyond the end).
  virtual Result<> Read(uint64_t offset, std::span<uint8_t> buffer) = 0;
  virtual Result<> Write(uint64_t offset, std::span<const uint8_t> bytes) = 0;
  virtual Result<> Flush() = 0;
  virtual uint64_t size() const = 0;
};

}  // namespace matic
