// Unified kernel images: the systemd stub with os-release, command line, kernel and initrd as
// further sections (UAPI group, "Unified Kernel Image").
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/image/pe_headers.h"
#include "lib/os/process_runner.h"

namespace matic::image {

// Debian's package systemd-boot-efi has it, for the architecture this is built for.
std::filesystem::path DefaultStub();

struct UkiSection {
  std::string name;  // ".linux"
  std::filesystem::path content;
  uint64_t size = 0;     // bytes of `content`
  uint64_t address = 0;  // where it is loaded, image base included
};

// Gives every section an address: behind the stub's last one and one another, each at a multiple of
// the stub's section alignment and of a page. kInvalidArgument where an address would not fit in 32
// bits.
Result<> PlaceSections(const PeHeaders& stub, std::span<UkiSection> sections);

struct UkiParts {
  std::filesystem::path stub;
  std::filesystem::path os_release;
  std::filesystem::path command_line;
  std::filesystem::path kernel;
  std::filesystem::path initrd;
};

// Writes `output` with objcopy. The same parts give the same bytes at any time.
Result<> BuildUki(ProcessRunner& runner, const UkiParts& parts,
                  const std::filesystem::path& output);

}  // namespace matic::image
