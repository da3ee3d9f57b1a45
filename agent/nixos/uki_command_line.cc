#include "agent/nixos/uki_command_line.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <system_error>

#include "lib/image/pe_headers.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxCommandLine = 64 * 1024;

std::optional<std::string> ReadAt(std::ifstream& file, uint64_t offset, uint64_t size) {
  std::string bytes(size, '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!file) return std::nullopt;
  return bytes;
}

std::optional<std::string> CommandLine(const fs::path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return std::nullopt;
  const auto start = ReadAt(file, 0, std::min(size, image::kPeHeaderBytes));
  if (!start) return std::nullopt;
  const auto* const bytes = reinterpret_cast<const uint8_t*>(start->data());
  const auto headers = image::ParsePeHeaders({bytes, start->size()}, size);
  const image::PeSection* const section = headers ? headers->Find(".cmdline") : nullptr;
  if (section == nullptr || section->size > kMaxCommandLine) return std::nullopt;
  auto text = ReadAt(file, section->file_offset, section->content_size());
  if (text) text->resize(std::strlen(text->c_str()));
  return text;
}

}  // namespace

Result<std::string> ReadUkiCommandLine(const fs::path& path) {
  if (std::optional<std::string> line = CommandLine(path)) return *std::move(line);
  return Fail(ErrorCode::kCorrupt, path.string() + " is no kernel image with a command line");
}

}  // namespace matic::nixos
