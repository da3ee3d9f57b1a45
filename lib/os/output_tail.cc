#include "lib/os/output_tail.h"

#include <cstdint>
#include <cstring>

#include "lib/base/utf8.h"

namespace matic {
namespace {

constexpr std::string_view kCut = "…";

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

std::string DescribeExit(int exit_code) {
  const char* const signal = exit_code > 128 ? sigabbrev_np(exit_code - 128) : nullptr;
  return "exited with " + std::to_string(exit_code) +
         (signal == nullptr ? "" : " (SIG" + std::string(signal) + ")");
}

std::string Quoted(std::string_view text) {
  return text.empty() ? "" : ": \"" + std::string(text) + "\"";
}

}  // namespace matic
