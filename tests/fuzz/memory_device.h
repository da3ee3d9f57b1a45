// Bytes that stand for a disk which is only read.
#pragma once

#include <algorithm>
#include <vector>

#include "lib/os/block_device.h"
#include "tests/fuzz/input.h"

namespace matic::fuzz {

// Reads outside are no error here: whoever reads has to know where the end is.
class MemoryDevice final : public BlockDevice {
 public:
  explicit MemoryDevice(std::span<const uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) {}

  Result<> Read(uint64_t offset, std::span<uint8_t> buffer) override {
    FUZZ_CLAIM(offset <= bytes_.size() && buffer.size() <= bytes_.size() - offset);
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), buffer.size(), buffer.begin());
    return {};
  }
  Result<> Write(uint64_t, std::span<const uint8_t>) override { std::abort(); }
  Result<> Flush() override { std::abort(); }
  uint64_t size() const override { return bytes_.size(); }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace matic::fuzz
