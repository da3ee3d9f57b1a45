// The firmware as boot/policy/run.h wants a machine: reads and writes on the own disk, and starting
// a slot's kernel from memory.
#pragma once

#include <span>
#include <string_view>

#include "boot/efi/firmware.h"
#include "boot/efi/own_disk.h"
#include "boot/efi/stopwatch.h"
#include "boot/policy/run.h"

namespace matic::boot {

class FirmwareMachine {
 public:
  FirmwareMachine(const Firmware& firmware, OwnDisk& disk, const Stopwatch& stopwatch)
      : firmware_(firmware), disk_(disk), stopwatch_(stopwatch) {}

  bool Read(uint64_t lba, std::span<uint8_t> into) { return disk_.Read(lba, into); }
  bool Write(uint64_t lba, std::span<const uint8_t> bytes) { return disk_.Write(lba, bytes); }
  bool Flush() { return disk_.Flush(); }
  void Show(std::string_view line) { ShowLine(firmware_, line); }
  // Comes back only where the slot's kernel did not stay.
  Outcome Start(const StartStep& start, std::string_view line);

 private:
  Outcome LoadAndStart(const StartStep& start, std::string_view line);
  Outcome Load(const StartStep& start, EFI_HANDLE partition, EFI_HANDLE& kernel);
  bool HandOver(const StartStep& start, EFI_HANDLE partition, EFI_HANDLE kernel);

  const Firmware& firmware_;
  OwnDisk& disk_;
  const Stopwatch& stopwatch_;
};

}  // namespace matic::boot
