#include "lib/image/uki.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "lib/image/tool.h"
#include "lib/os/linux_block_device.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

constexpr Tool kObjcopy = {"objcopy", "binutils"};
constexpr uint64_t kPage = 4096;
constexpr uint64_t kEnd = uint64_t{1} << 32;

constexpr uint64_t RoundUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

std::string Hex(uint64_t value) {
  std::array<char, 19> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
  return text.data();
}

Result<PeHeaders> ReadHeaders(BlockDevice& file, const fs::path& path) {
  std::vector<uint8_t> start(std::min(file.size(), kPeHeaderBytes));
  MATIC_TRY(file.Read(0, start));
  auto headers = ParsePeHeaders(start, file.size());
  if (!headers) return Fail(headers.error().Context(path.string()));
  return headers;
}

Result<PeHeaders> ReadHeaders(const fs::path& path) {
  MATIC_ASSIGN(auto file, LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadOnly));
  return ReadHeaders(*file, path);
}

Result<UkiSection> Section(std::string name, const fs::path& content) {
  std::error_code error;
  const uint64_t size = fs::file_size(content, error);
  if (error) return Fail(OsError("read " + content.string(), error.value()));
  if (size == 0) return Fail(ErrorCode::kInvalidArgument, content.string() + " is empty");
  return UkiSection{std::move(name), content, size, 0};
}

// objcopy puts the time of day into the header, and a checksum over it that UEFI does not look at.
Result<> MakeReproducible(const fs::path& path) {
  MATIC_ASSIGN(auto file, LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadWrite));
  MATIC_ASSIGN(const auto headers, ReadHeaders(*file, path));
  constexpr std::array<uint8_t, 4> kZero{};
  MATIC_TRY(file->Write(headers.time_stamp_offset, kZero));
  MATIC_TRY(file->Write(headers.checksum_offset, kZero));
  return file->Flush();
}

// objcopy warns about sections it cannot place and goes on.
Result<> CheckSections(const fs::path& path, std::span<const UkiSection> wanted) {
  MATIC_ASSIGN(const auto headers, ReadHeaders(path));
  for (const UkiSection& section : wanted) {
    const PeSection* found = headers.Find(section.name);
    if (found == nullptr || found->content_size() != section.size ||
        headers.image_base + found->address != section.address) {
      return Fail(ErrorCode::kInternal, "objcopy did not place " + section.name + " of " +
                                            std::to_string(section.size) + " bytes at " +
                                            Hex(section.address));
    }
  }
  return {};
}

}  // namespace

fs::path DefaultStub() {
#if defined(__aarch64__)
  return "/usr/lib/systemd/boot/efi/linuxaa64.efi.stub";
#else
  return "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
#endif
}

Result<> PlaceSections(const PeHeaders& stub, std::span<UkiSection> sections) {
  uint64_t end = 0;
  for (const PeSection& section : stub.sections) {
    end = std::max(end, section.address + std::max(section.size, section.file_size));
  }
  const uint64_t alignment = std::max(kPage, stub.section_alignment);
  for (UkiSection& section : sections) {
    const uint64_t start = RoundUp(end, alignment);
    if (section.size > kEnd || start + section.size > kEnd) {
      return Fail(ErrorCode::kInvalidArgument, section.content.string() + " (" +
                                                   std::to_string(section.size) +
                                                   " bytes) does not fit into a kernel image of "
                                                   "less than 4 GiB");
    }
    section.address = stub.image_base + start;
    end = start + section.size;
  }
  return {};
}

Result<> BuildUki(ProcessRunner& runner, const UkiParts& parts, const fs::path& output) {
  std::error_code error;
  if (!fs::exists(parts.stub, error)) {
    return Fail(ErrorCode::kNotFound, "the EFI stub " + parts.stub.string() +
                                          " does not exist; it is in Debian's package "
                                          "systemd-boot-efi");
  }
  MATIC_ASSIGN(const auto stub, ReadHeaders(parts.stub));
  const std::array<std::pair<const char*, const fs::path*>, 4> wanted = {
      {{".osrel", &parts.os_release},
       {".cmdline", &parts.command_line},
       {".linux", &parts.kernel},
       {".initrd", &parts.initrd}}};
  std::vector<UkiSection> sections;
  for (const auto& [name, path] : wanted) {
    if (stub.Find(name) != nullptr) {
      return Fail(ErrorCode::kInvalidArgument,
                  parts.stub.string() + " has a section " + name + " already: it is no bare stub");
    }
    MATIC_ASSIGN(auto section, Section(name, *path));
    sections.push_back(std::move(section));
  }
  MATIC_TRY(PlaceSections(stub, sections));
  std::vector<std::string> arguments;
  for (const UkiSection& section : sections) {
    arguments.push_back("--add-section");
    arguments.push_back(section.name + "=" + section.content.string());
    arguments.push_back("--change-section-vma");
    arguments.push_back(section.name + "=" + Hex(section.address));
  }
  arguments.push_back(parts.stub.string());
  arguments.push_back(output.string());
  MATIC_TRY(RunTool(runner, kObjcopy, arguments));
  MATIC_TRY(MakeReproducible(output));
  return CheckSections(output, sections);
}

}  // namespace matic::image
