// Whether a slot keeps what it is given.
#pragma once

#include "agent/ab/chunk_ring.h"
#include "lib/base/result.h"
#include "lib/os/aligned_buffer.h"
#include "lib/os/block_device.h"

namespace matic::ab {

// Reads what was written from the device, past the page cache, and compares it with what is still
// in memory.
class ReadBack {
 public:
  explicit ReadBack(BlockDevice& slot) : slot_(slot), buffer_(kReadBytes) {}

  // Blocks that were left alone are not looked at. A flush comes before, so that what is read is
  // not merely on its way. kIo where a byte differs, naming where.
  Result<> Check(const Chunk& chunk);

 private:
  static constexpr size_t kReadBytes = 256 * 1024;
  Result<> CheckRun(const Chunk& chunk, const BlockRun& run);

  BlockDevice& slot_;
  AlignedBuffer buffer_;
};

}  // namespace matic::ab
