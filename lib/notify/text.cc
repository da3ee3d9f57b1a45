#include "lib/notify/text.h"

#include <algorithm>

#include "lib/base/utf8.h"

namespace matic::notify {
namespace {

bool IsControl(unsigned char c) { return c < 0x20 || c == 0x7f; }

}  // namespace

std::string OneLine(std::string_view text, size_t limit) {
  std::string line;
  for (const char c : text) {
    if (c != ' ' && !IsControl(static_cast<unsigned char>(c))) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return ToUtf8(line, limit);
}

std::string Lines(std::string_view text, size_t limit) {
  std::string lines;
  for (const char c : text) {
    if (c == '\n' || c == '\t' || !IsControl(static_cast<unsigned char>(c))) lines += c;
  }
  while (lines.ends_with('\n') || lines.ends_with(' ')) lines.pop_back();
  return ToUtf8(lines, limit);
}

std::string Shorten(std::string_view text, size_t limit) {
  size_t units = 0;
  size_t fits = 0;  // the longest prefix that leaves room for "…"
  for (size_t i = 0; i < text.size();) {
    const size_t length = std::max<size_t>(SequenceLength(text.substr(i)), 1);
    units += length == 4 ? 2 : 1;
    if (units > limit) return std::string(text.substr(0, fits)) + (limit > 0 ? "…" : "");
    i += length;
    if (units < limit) fits = i;
  }
  return std::string(text);
}

std::string LeftOutNote(uint64_t left_out) {
  if (left_out == 0) return "";
  return std::to_string(left_out) +
         (left_out == 1 ? " other notification was" : " other notifications were") +
         " left out: too many at a time.";
}

}  // namespace matic::notify
