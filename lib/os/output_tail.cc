#include "lib/os/output_tail.h"

#include <cstdint>
#include <vector>

namespace matic {
namespace {

constexpr std::string_view kCut = "…";

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// Of the well-formed UTF-8 sequence that `text` begins with (RFC 3629), or 0.
size_t SequenceLength(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<uint8_t>(text[1]);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool not_a_character = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || not_a_character ? 0 : length;
}

std::string_view Trim(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

std::string CleanText(std::string_view text, LineEnds lines) {
  std::string clean;
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const bool control = length == 1 && (static_cast<uint8_t>(text[0]) < 0x20 || text[0] == 0x7f);
    if (text[0] == '\t') {
      clean += ' ';
    } else if (text[0] == '\n' && lines == LineEnds::kKept) {
      clean += '\n';
    } else if (length == 0 || control) {
      clean += '?';
    } else {
      clean += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return clean;
}

std::string_view CleanEnd(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  text.remove_prefix(text.size() - max_bytes);
  while (!text.empty() && IsContinuation(text[0])) text.remove_prefix(1);
  return text;
}

std::string OutputTail(std::string_view output, size_t lines, size_t max_bytes) {
  std::string tail;
  for (size_t found = 0; found < lines && !output.empty();) {
    const size_t before = output.find_last_of('\n');
    const size_t start = before == std::string_view::npos ? 0 : before + 1;
    const std::string_view line = Trim(output.substr(start));
    output = output.substr(0, before == std::string_view::npos ? 0 : before);
    if (line.empty()) continue;
    tail = found++ == 0 ? CleanText(line) : CleanText(line) + " | " + tail;
    if (tail.size() > max_bytes) break;
  }
  if (tail.size() <= max_bytes) return tail;
  return std::string(kCut) + std::string(CleanEnd(tail, max_bytes - kCut.size()));
}

std::string Quoted(std::string_view text) {
  return text.empty() ? "" : ": \"" + std::string(text) + "\"";
}

}  // namespace matic
