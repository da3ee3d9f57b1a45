#include "lib/base/utf8.h"

#include <algorithm>
#include <cstdint>

namespace matic {

size_t SequenceLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                        : first >= 0xE0 && first <= 0xEF ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F;
  const bool too_large = first == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

std::string ToUtf8(std::string_view text, size_t limit) {
  std::string result;
  result.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const std::string_view piece =
        length == 0 ? std::string_view("\uFFFD") : text.substr(0, length);
    if (result.size() + piece.size() > limit) return result + "…";
    result += piece;
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

}  // namespace matic
