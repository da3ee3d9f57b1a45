#include "lib/os/aligned_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace matic {

AlignedBuffer::AlignedBuffer(size_t size) : size_(size) {
  // aligned_alloc wants a multiple of the alignment, and may return null for none.
  const size_t whole =
      (std::max<size_t>(size, 1) + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  data_.reset(static_cast<uint8_t*>(std::aligned_alloc(kDirectAlignment, whole)));
  if (!data_) throw std::bad_alloc();
  std::memset(data_.get(), 0, whole);
}

void AlignedBuffer::Free::operator()(uint8_t* data) const { std::free(data); }

}  // namespace matic
