// matic-boot: starts the kernel of the slot that the disk's partition table says. All decisions are
// boot/policy's.
#include <new>

#include "boot/efi/firmware.h"
#include "boot/efi/machine.h"
#include "boot/efi/own_disk.h"
#include "boot/efi/stopwatch.h"
#include "boot/policy/selector.h"

extern "C" EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE* system) {
  using namespace matic::boot;
  const Firmware firmware{image, *system};
  const Stopwatch stopwatch(firmware);
  std::optional<OwnDisk> disk = OwnDisk::Find(firmware);
  if (!disk) {
    ShowLine(firmware,
             "matic-boot: nothing can be started: not started from a partition of a disk");
    return EFI_NOT_FOUND;
  }
  // Too large for the firmware's stack.
  const std::optional<Pages> memory = Pages::Allocate(firmware, sizeof(Selector));
  if (!memory) {
    ShowLine(firmware, "matic-boot: nothing can be started: no memory");
    return EFI_OUT_OF_RESOURCES;
  }
  const DiskGeometry geometry = disk->geometry();
  auto* selector = new (memory->bytes().data()) Selector(geometry);
  FirmwareMachine machine(firmware, *disk, stopwatch);
  Run(*selector, machine, geometry);
  return EFI_NOT_FOUND;
}
