#include "lib/os/read_window.h"

#include <algorithm>

#include "lib/os/block_range.h"

namespace matic {

ReadWindow::ReadWindow(BlockDevice& device, size_t window_bytes)
    : device_(device), buffer_(window_bytes) {}

Result<std::span<const uint8_t>> ReadWindow::Read(uint64_t offset, size_t length) {
  MATIC_TRY(CheckRange("read", "the device", offset, length, device_.size()));
  if (length > buffer_.size() - kDirectAlignment) {
    return Fail(ErrorCode::kInternal, "a read of " + std::to_string(length) +
                                          " bytes through a window of " +
                                          std::to_string(buffer_.size()));
  }
  const bool inside = offset >= start_ && offset - start_ <= filled_ &&
                      length <= filled_ - static_cast<size_t>(offset - start_);
  if (!inside) {
    start_ = offset / kDirectAlignment * kDirectAlignment;
    filled_ = 0;
    const auto bytes = buffer_.bytes().first(
        static_cast<size_t>(std::min<uint64_t>(buffer_.size(), device_.size() - start_)));
    MATIC_TRY(device_.Read(start_, bytes));
    filled_ = bytes.size();
  }
  return buffer_.bytes().subspan(static_cast<size_t>(offset - start_), length);
}

}  // namespace matic
