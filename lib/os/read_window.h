// Small reads from a device, one after the other, made of few large ones.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/result.h"
#include "lib/os/aligned_buffer.h"
#include "lib/os/block_device.h"

namespace matic {

// Keeps one stretch of the device in memory; a read outside of it moves it there. The device must
// outlive it. Not for several threads.
class ReadWindow {
 public:
  // `window_bytes` is a multiple of kDirectAlignment.
  ReadWindow(BlockDevice& device, size_t window_bytes);

  // Bytes [offset, offset + length) of the device, valid until the next call; length is at most
  // window_bytes - kDirectAlignment. kInvalidArgument beyond the device's end.
  Result<std::span<const uint8_t>> Read(uint64_t offset, size_t length);

  BlockDevice& device() { return device_; }

 private:
  BlockDevice& device_;
  AlignedBuffer buffer_;
  uint64_t start_ = 0;
  size_t filled_ = 0;
};

}  // namespace matic
