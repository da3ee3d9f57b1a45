#include "boot/efi/hand_over.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace matic::boot {
namespace {

constexpr UINT32 kVolatile = EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS;

struct Variable {
  std::string_view name;
  EFI_GUID vendor;
};

// systemd's vendor GUID (Boot Loader Interface).
constexpr Variable kDevicePartUuid = {
    "LoaderDevicePartUUID",
    {0x4a67b082, 0x0a4c, 0x41cf, {0xb6, 0xc7, 0x44, 0x0b, 0x29, 0xbb, 0x8c, 0x4f}}};
constexpr Variable kMaticSlot = {
    "MaticSlot", {0x7d1c3b4e, 0x5f0a, 0x4c1e, {0x9c, 0x55, 0x2b, 0x8f, 0x0a, 0x6d, 0x9e, 0x21}}};

using WideText = std::array<CHAR16, kGuidTextLength + 1>;  // terminated

WideText Widen(std::string_view text) {
  WideText wide{};
  std::copy(text.begin(), text.end(), wide.begin());
  return wide;
}

void Delete(const Firmware& firmware, Variable variable) {
  WideText name = Widen(variable.name);
  firmware.runtime().SetVariable(name.data(), &variable.vendor, 0, 0, nullptr);
}

bool Set(const Firmware& firmware, Variable variable, std::string_view value) {
  Delete(firmware, variable);
  WideText name = Widen(variable.name);
  WideText wide = Widen(value);
  const UINTN bytes = (value.size() + 1) * sizeof(CHAR16);
  if (firmware.runtime().SetVariable(name.data(), &variable.vendor, kVolatile, bytes,
                                     wide.data()) != EFI_SUCCESS) {
    return false;
  }
  WideText held{};
  UINTN held_bytes = sizeof(held);
  UINT32 attributes = 0;
  return firmware.runtime().GetVariable(name.data(), &variable.vendor, &attributes, &held_bytes,
                                        held.data()) == EFI_SUCCESS &&
         attributes == kVolatile && held_bytes == bytes && held == wide;
}

}  // namespace

void ForgetSlot(const Firmware& firmware) {
  Delete(firmware, kDevicePartUuid);
  Delete(firmware, kMaticSlot);
}

bool NameSlot(const Firmware& firmware, Slot slot, const Guid& partition) {
  const GuidText uuid = FormatGuid(partition);
  const bool part_uuid_set = Set(firmware, kDevicePartUuid, {uuid.data(), uuid.size()});
  return Set(firmware, kMaticSlot, SlotName(slot)) && part_uuid_set;
}

}  // namespace matic::boot
