// The end of what a program printed, fit for a log line, a table or a JSON string.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace matic {

// The last `lines` lines that are not blank, joined by " | ", at most `max_bytes`; a cut text
// begins with "…". Bytes that are no UTF-8 and control characters become '?'.
std::string OutputTail(std::string_view output, size_t lines = 3, size_t max_bytes = 500);

// `: "TEXT"`, or nothing where the text is empty: what follows "exited with 3".
std::string Quoted(std::string_view text);

}  // namespace matic
