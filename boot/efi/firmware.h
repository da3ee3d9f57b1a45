// The firmware's services, as everything in this folder gets them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "boot/efi/device_path.h"
#include "boot/efi/uefi.h"

namespace matic::boot {

struct Firmware {
  EFI_HANDLE image;  // the selector's own
  EFI_SYSTEM_TABLE& system;

  EFI_BOOT_SERVICES& boot() const { return *system.BootServices; }
  EFI_RUNTIME_SERVICES& runtime() const { return *system.RuntimeServices; }

  // The handle's interface for a protocol; null where it has none.
  template <typename T>
  T* Protocol(EFI_HANDLE handle, EFI_GUID guid) const {
    void* interface = nullptr;
    if (boot().HandleProtocol(handle, &guid, &interface) != EFI_SUCCESS) return nullptr;
    return static_cast<T*>(interface);
  }
};

// A device path with its end node, as the firmware takes it.
class WholeDevicePath {
 public:
  // At most kMaxDevicePathBytes.
  explicit WholeDevicePath(std::span<const uint8_t> nodes);
  // The device nearest to its end that has the protocol; null where none has. `rest` is what
  // follows that device, and is part of this object.
  EFI_HANDLE Nearest(const Firmware& firmware, EFI_GUID protocol, EFI_DEVICE_PATH*& rest);

 private:
  std::array<uint8_t, kMaxDevicePathBytes + kEndNode.size()> bytes_;
};

// A line of ASCII on the console, ended.
void ShowLine(const Firmware& firmware, std::string_view line, std::string_view more = {});

// Memory by the page: as aligned as any device asks, freed with this object.
class Pages {
 public:
  // Nothing where there is not that much.
  static std::optional<Pages> Allocate(const Firmware& firmware, uint64_t bytes);
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&&) = delete;
  ~Pages();

  std::span<uint8_t> bytes() const { return bytes_; }

 private:
  Pages(const Firmware& firmware, std::span<uint8_t> bytes) : firmware_(&firmware), bytes_(bytes) {}

  const Firmware* firmware_;
  std::span<uint8_t> bytes_;
};

}  // namespace matic::boot
