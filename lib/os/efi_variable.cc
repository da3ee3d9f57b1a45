#include "lib/os/efi_variable.h"

#include "lib/os/durable_file.h"

namespace matic {
namespace {

// More than any variable of ours holds; a boot loader's list of entries is the longest.
constexpr size_t kMaxBytes = 64 * 1024;
// Four bytes of attributes come before the value.
constexpr size_t kAttributeBytes = 4;

}  // namespace

Result<std::optional<std::u16string>> ReadEfiText(const std::filesystem::path& folder,
                                                  const EfiVariable& variable) {
  const std::filesystem::path path =
      folder / (std::string(variable.name) + "-" + std::string(variable.vendor));
  const Result<std::string> bytes = ReadFile(path, kMaxBytes);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!bytes) return Fail(bytes.error());
  if (bytes->size() < kAttributeBytes || bytes->size() % 2 != 0) {
    return Fail(ErrorCode::kCorrupt, path.string() + ": holds no UTF-16 text");
  }
  std::u16string text;
  for (size_t i = kAttributeBytes; i < bytes->size(); i += 2) {
    const auto low = static_cast<unsigned char>((*bytes)[i]);
    const auto high = static_cast<unsigned char>((*bytes)[i + 1]);
    const auto unit = static_cast<char16_t>(high << 8 | low);
    if (unit == 0) break;
    text.push_back(unit);
  }
  return text;
}

std::optional<std::string> ToPrintableAscii(std::u16string_view text) {
  std::string ascii;
  for (const char16_t unit : text) {
    if (unit < u' ' || unit > u'~') return std::nullopt;
    ascii.push_back(static_cast<char>(unit));
  }
  return ascii;
}

}  // namespace matic
