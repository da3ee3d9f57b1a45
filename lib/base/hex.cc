#include "lib/base/hex.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>

namespace matic {

std::string HexEncode(std::span<const uint8_t> bytes) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<std::vector<uint8_t>> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "not hexadecimal: an odd number of digits (" + std::to_string(text.size()) + ")");
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return Fail(ErrorCode::kInvalidArgument,
                  "not hexadecimal: character " + std::to_string(i + 1) + " of " +
                      std::to_string(text.size()) + " is no digit 0-9, a-f");
    }
  }
  const std::string bytes = absl::HexStringToBytes({text.data(), text.size()});
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

}  // namespace matic
