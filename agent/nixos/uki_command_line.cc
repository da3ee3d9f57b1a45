#include "agent/nixos/uki_command_line.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>

namespace matic::nixos {
namespace {

// PE format, Microsoft: offsets in the COFF header and in an entry of the section table.
constexpr uint64_t kPeOffset = 0x3c;
constexpr size_t kCoffHeader = 24;
constexpr size_t kSectionEntry = 40;
constexpr unsigned kMaxSections = 96;
constexpr uint32_t kMaxCommandLine = 64 * 1024;

std::optional<std::string> ReadAt(std::ifstream& file, uint64_t offset, size_t size) {
  std::string bytes(size, '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!file) return std::nullopt;
  return bytes;
}

uint32_t Little(const std::string& bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = size; i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::optional<std::string> CommandLine(std::ifstream& file) {
  const auto dos = ReadAt(file, 0, kPeOffset + 4);
  if (!dos || !dos->starts_with("MZ")) return std::nullopt;
  const uint64_t pe = Little(*dos, kPeOffset, 4);
  const auto coff = ReadAt(file, pe, kCoffHeader);
  if (!coff || coff->compare(0, 4, std::string("PE\0\0", 4)) != 0) return std::nullopt;
  const uint32_t sections = Little(*coff, 6, 2);
  if (sections > kMaxSections) return std::nullopt;
  const uint64_t table = pe + kCoffHeader + Little(*coff, 20, 2);
  for (uint32_t i = 0; i < sections; ++i) {
    const auto entry = ReadAt(file, table + i * kSectionEntry, kSectionEntry);
    if (!entry) return std::nullopt;
    if (entry->compare(0, 8, ".cmdline") != 0) continue;
    const uint32_t size = Little(*entry, 8, 4);
    if (size > kMaxCommandLine) return std::nullopt;
    auto text = ReadAt(file, Little(*entry, 20, 4), size);
    if (text) text->resize(std::strlen(text->c_str()));
    return text;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> ReadUkiCommandLine(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::optional<std::string> line = file ? CommandLine(file) : std::nullopt;
  if (line) return *std::move(line);
  return Fail(ErrorCode::kCorrupt, path.string() + " is no kernel image with a command line");
}

}  // namespace matic::nixos
