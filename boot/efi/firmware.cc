#include "boot/efi/firmware.h"

#include <algorithm>
#include <array>

namespace matic::boot {
namespace {

void ShowText(SIMPLE_TEXT_OUTPUT_INTERFACE& console, std::string_view text) {
  std::array<CHAR16, 64> wide;
  while (!text.empty()) {
    const size_t count = std::min(text.size(), wide.size() - 1);
    for (size_t i = 0; i < count; ++i) wide[i] = static_cast<unsigned char>(text[i]);
    wide[count] = 0;
    console.OutputString(&console, wide.data());
    text.remove_prefix(count);
  }
}

}  // namespace

WholeDevicePath::WholeDevicePath(std::span<const uint8_t> nodes) {
  const auto end = std::copy(nodes.begin(), nodes.end(), bytes_.begin());
  std::copy(kEndNode.begin(), kEndNode.end(), end);
}

EFI_HANDLE WholeDevicePath::Nearest(const Firmware& firmware, EFI_GUID protocol,
                                    EFI_DEVICE_PATH*& rest) {
  EFI_HANDLE handle = nullptr;
  rest = reinterpret_cast<EFI_DEVICE_PATH*>(bytes_.data());
  if (firmware.boot().LocateDevicePath(&protocol, &rest, &handle) != EFI_SUCCESS) return nullptr;
  return handle;
}

void ShowLine(const Firmware& firmware, std::string_view line, std::string_view more) {
  if (firmware.system.ConOut == nullptr) return;
  ShowText(*firmware.system.ConOut, line);
  ShowText(*firmware.system.ConOut, more);
  ShowText(*firmware.system.ConOut, "\r\n");
}

std::optional<Pages> Pages::Allocate(const Firmware& firmware, uint64_t bytes) {
  const uint64_t count = (bytes + EFI_PAGE_SIZE - 1) / EFI_PAGE_SIZE;
  EFI_PHYSICAL_ADDRESS address = 0;
  if (firmware.boot().AllocatePages(AllocateAnyPages, EfiLoaderData, count, &address) !=
      EFI_SUCCESS) {
    return std::nullopt;
  }
  auto* first = reinterpret_cast<uint8_t*>(address);
  return Pages(firmware, {first, static_cast<size_t>(count * EFI_PAGE_SIZE)});
}

Pages::Pages(Pages&& other) noexcept : firmware_(other.firmware_), bytes_(other.bytes_) {
  other.bytes_ = {};
}

Pages::~Pages() {
  if (bytes_.empty()) return;
  firmware_->boot().FreePages(reinterpret_cast<EFI_PHYSICAL_ADDRESS>(bytes_.data()),
                              bytes_.size() / EFI_PAGE_SIZE);
}

}  // namespace matic::boot
