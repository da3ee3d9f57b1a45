#include "boot/efi/machine.h"

#include "boot/efi/hand_over.h"

namespace matic::boot {
namespace {

constexpr UINTN kWatchdogSeconds = 300;
// Codes below 0x10000 are the firmware's.
constexpr UINT64 kWatchdogCode = 0x4d41;

void ArmWatchdog(const Firmware& firmware) {
  firmware.boot().SetWatchdogTimer(kWatchdogSeconds, 0x10000 + kWatchdogCode, 0, nullptr);
}

void DisarmWatchdog(const Firmware& firmware) {
  firmware.boot().SetWatchdogTimer(0, 0x10000 + kWatchdogCode, 0, nullptr);
}

}  // namespace

Outcome FirmwareMachine::Start(const StartStep& start, std::string_view line) {
  // A kernel that takes over ends the firmware's watchdog itself (ExitBootServices).
  ArmWatchdog(firmware_);
  const Outcome outcome = LoadAndStart(start, line);
  DisarmWatchdog(firmware_);
  ForgetSlot(firmware_);
  return outcome;
}

Outcome FirmwareMachine::LoadAndStart(const StartStep& start, std::string_view line) {
  const EFI_HANDLE partition = disk_.PartitionHandle(start.partition);
  EFI_HANDLE kernel = nullptr;
  const Outcome loaded = Load(start, partition, kernel);
  if (loaded != Outcome::kDone) return loaded;
  if (!HandOver(start, partition, kernel) && start.needs_hand_over) {
    firmware_.boot().UnloadImage(kernel);
    return Outcome::kNotHandedOver;
  }
  Line time;
  time << " after " << stopwatch_.Milliseconds() << " ms";
  ShowLine(firmware_, line, time.text());
  UINTN exit_bytes = 0;
  CHAR16* exit_data = nullptr;
  firmware_.boot().StartImage(kernel, &exit_bytes, &exit_data);
  if (exit_data != nullptr) firmware_.boot().FreePool(exit_data);
  return Outcome::kReturned;
}

Outcome FirmwareMachine::Load(const StartStep& start, EFI_HANDLE partition, EFI_HANDLE& kernel) {
  const std::optional<Pages> memory = Pages::Allocate(firmware_, UkiBufferBytes(start));
  if (!memory) return Outcome::kNoMemory;
  const Outcome read = ReadUki(*this, start, disk_.geometry(), memory->bytes());
  if (read != Outcome::kDone) return read;
  EFI_DEVICE_PATH* path = partition == nullptr ? nullptr
                                               : firmware_.Protocol<EFI_DEVICE_PATH>(
                                                     partition, EFI_DEVICE_PATH_PROTOCOL_GUID);
  // Under Secure Boot the firmware checks the signature of these very bytes.
  const EFI_STATUS status =
      firmware_.boot().LoadImage(FALSE, firmware_.image, path, memory->bytes().data(),
                                 static_cast<UINTN>(start.uki_bytes), &kernel);
  if (status == EFI_SUCCESS) return Outcome::kDone;
  // With this one the firmware keeps the image, so that somebody could override it.
  if (status == EFI_SECURITY_VIOLATION && kernel != nullptr) firmware_.boot().UnloadImage(kernel);
  const bool untrusted = status == EFI_SECURITY_VIOLATION || status == EFI_ACCESS_DENIED;
  return untrusted ? Outcome::kNotTrusted : Outcome::kNotLoadable;
}

bool FirmwareMachine::HandOver(const StartStep& start, EFI_HANDLE partition, EFI_HANDLE kernel) {
  const bool named = NameSlot(firmware_, start.slot, start.partition.unique);
  auto* image =
      firmware_.Protocol<EFI_LOADED_IMAGE_PROTOCOL>(kernel, EFI_LOADED_IMAGE_PROTOCOL_GUID);
  if (image == nullptr || partition == nullptr) return false;
  image->DeviceHandle = partition;
  return named;
}

}  // namespace matic::boot
