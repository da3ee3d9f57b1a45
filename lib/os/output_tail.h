// How a program ended, and the end of what it printed, fit for a log line, a table or a JSON
// string.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace matic {

// Bytes that are no UTF-8 and control characters become '?', a tab a space. A line end stays only
// where `lines` says so.
enum class LineEnds { kKept, kReplaced };
std::string CleanText(std::string_view text, LineEnds lines = LineEnds::kReplaced);

// The last `max_bytes` of a text that was cleaned, without half a character.
std::string_view CleanEnd(std::string_view text, size_t max_bytes);

// The last `lines` lines that are not blank, joined by " | ", at most `max_bytes`; a cut text
// begins with "…". Bytes that are no UTF-8 and control characters become '?'.
std::string OutputTail(std::string_view output, size_t lines = 3, size_t max_bytes = 500);

// "exited with 3"; of 128 + n "exited with 137 (SIGKILL)", as shells count signals, too.
std::string DescribeExit(int exit_code);

// `: "TEXT"`, or nothing where the text is empty: what follows "exited with 3".
std::string Quoted(std::string_view text);

}  // namespace matic
