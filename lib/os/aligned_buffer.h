// Memory that O_DIRECT takes as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace matic {

// What every Linux block device accepts as the alignment of memory.
inline constexpr size_t kDirectAlignment = 4096;

// `size` zero bytes that start at a multiple of kDirectAlignment; from 2 MiB on in huge pages,
// where the machine has them, so that a device is given few pieces.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t size);

  uint8_t* data() { return data_.get(); }
  const uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }
  std::span<uint8_t> bytes() { return {data_.get(), size_}; }
  std::span<const uint8_t> bytes() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(uint8_t* data) const;
  };
  std::unique_ptr<uint8_t, Free> data_;
  size_t size_;
};

}  // namespace matic
