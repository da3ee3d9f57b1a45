#include "lib/os/aligned_buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace matic {
namespace {

constexpr size_t kHugePage = 2 * 1024 * 1024;

}  // namespace

AlignedBuffer::AlignedBuffer(size_t size) : size_(size) {
  // aligned_alloc wants a multiple of the alignment, and may return null for none.
  const size_t alignment = size < kHugePage ? kDirectAlignment : kHugePage;
  const size_t whole =
      (std::max<size_t>(size, 1) + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  const size_t asked = (whole + alignment - 1) / alignment * alignment;
  data_.reset(static_cast<uint8_t*>(std::aligned_alloc(alignment, asked)));
  if (!data_) throw std::bad_alloc();
  // Without them it is as right, and slower.
  if (alignment == kHugePage) (void)::madvise(data_.get(), whole, MADV_HUGEPAGE);
  std::memset(data_.get(), 0, whole);
}

void AlignedBuffer::Free::operator()(uint8_t* data) const { std::free(data); }

}  // namespace matic
