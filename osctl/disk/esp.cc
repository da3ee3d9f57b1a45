#include "osctl/disk/esp.h"

#include <algorithm>
#include <vector>

#include "lib/image/tool.h"
#include "lib/os/linux_block_device.h"
#include "osctl/disk/sparse_copy.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

constexpr image::Tool kMkfsVfat = {"mkfs.vfat", "dosfstools"};
constexpr image::Tool kMmd = {"mmd", "mtools"};
constexpr image::Tool kMcopy = {"mcopy", "mtools"};
constexpr uint64_t kSectorBytes = 512;

}  // namespace

Result<image::PeMachine> SelectorMachine(const fs::path& selector) {
  MATIC_ASSIGN(auto file, LinuxBlockDevice::Open(selector, LinuxBlockDevice::Access::kReadOnly));
  std::vector<uint8_t> start(std::min(file->size(), image::kPeHeaderBytes));
  MATIC_TRY(file->Read(0, start));
  const auto headers = image::ParsePeHeaders(start, file->size());
  if (!headers) {
    return Fail(ErrorCode::kInvalidArgument,
                "the selector " + selector.string() + ": " + headers.error().message);
  }
  for (image::PeMachine machine : {image::PeMachine::kX64, image::PeMachine::kArm64}) {
    if (headers->machine == static_cast<uint16_t>(machine)) return machine;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "the selector " + selector.string() + " is for neither x86-64 nor arm64");
}

std::string BootFileName(image::PeMachine machine) {
  return machine == image::PeMachine::kArm64 ? "BOOTAA64.EFI" : "BOOTX64.EFI";
}

Result<> MakeEsp(ProcessRunner& runner, const EspSpec& spec, const fs::path& output) {
  MATIC_TRY(CreateSparseFile(output, spec.size_bytes));
  const std::string file = output.string();
  // One sector a cluster: by itself mkfs.vfat takes larger ones, which are too few for FAT32 here.
  MATIC_TRY(image::RunTool(runner, kMkfsVfat,
                           {"-F", "32", "-s", "1", "-n", "ESP", "-h",
                            std::to_string(spec.start_bytes / kSectorBytes), file}));
  MATIC_TRY(image::RunTool(runner, kMmd, {"-i", file, "::EFI", "::EFI/BOOT"}));
  MATIC_TRY(image::RunTool(
      runner, kMcopy,
      {"-i", file, spec.selector.string(), "::EFI/BOOT/" + BootFileName(spec.machine)}));
  return {};
}

}  // namespace matic::osctl
