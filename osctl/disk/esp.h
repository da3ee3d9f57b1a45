// The EFI system partition: a FAT32 filesystem with the boot selector under the name that firmware
// starts by itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "lib/image/pe_headers.h"
#include "lib/os/process_runner.h"

namespace matic::osctl {

// Which machine a selector is for. kInvalidArgument where the file is no EFI program for one of
// those this product runs on.
Result<image::PeMachine> SelectorMachine(const std::filesystem::path& selector);

// "BOOTX64.EFI": what the firmware of such a machine looks for in EFI/BOOT.
std::string BootFileName(image::PeMachine machine);

struct EspSpec {
  std::filesystem::path selector;
  image::PeMachine machine = image::PeMachine::kX64;
  uint64_t start_bytes = 0;  // of the partition on its disk
  uint64_t size_bytes = 0;
};

// Writes the filesystem to the new sparse file `output`.
Result<> MakeEsp(ProcessRunner& runner, const EspSpec& spec, const std::filesystem::path& output);

}  // namespace matic::osctl
