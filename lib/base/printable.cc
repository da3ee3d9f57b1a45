#include "lib/base/printable.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "lib/base/utf8.h"

namespace matic {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

bool IsPlain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

// The code point of a sequence of two or three bytes that may be dangerous; 0 for another.
uint32_t CodePoint(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) == 0xC2) return byte(1);
  if (byte(0) != 0xE2) return 0;
  return 0x2000u | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
}

bool IsDangerous(uint32_t point) {
  return (point >= 0x80 && point <= 0x9F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069);
}

void AppendEscaped(std::string& result, uint32_t point) {
  const int digits = point < 0x80 ? 2 : 4;
  result += point < 0x80 ? "\\x" : "\\u";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    result += kDigits[point >> shift & 0xF];
  }
}

}  // namespace

std::string Printable(std::string_view text, LineBreaks line_breaks) {
  if (IsPlain(text)) return std::string(text);
  const std::string valid = ToUtf8(text, std::numeric_limits<size_t>::max() / 2);
  std::string result;
  result.reserve(valid.size());
  for (size_t i = 0; i < valid.size(); ++i) {
    const auto c = static_cast<unsigned char>(valid[i]);
    const uint32_t point =
        c == 0xC2 || c == 0xE2 ? CodePoint(std::string_view(valid).substr(i)) : 0;
    if (c == '\t' || (c == '\n' && line_breaks == LineBreaks::kKeep)) {
      result += valid[i];
    } else if (c < 0x20 || c == 0x7F) {
      AppendEscaped(result, c);
    } else if (IsDangerous(point)) {
      AppendEscaped(result, point);
      i += c == 0xC2 ? 1 : 2;
    } else {
      result += valid[i];
    }
  }
  return result;
}

}  // namespace matic
