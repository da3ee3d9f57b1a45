// How deeply a JSON text nests, told before it is parsed: what parses it keeps no count, and what
// copies or writes it goes down with it, so that a file of brackets would end the program.
#pragma once

#include <cstddef>
#include <string_view>

namespace matic {

// Deeper than any release nests what it writes.
inline constexpr size_t kMaxKeptJsonDepth = 64;

// The most brackets and braces that are open at once. Of a text that is no JSON it says no less
// than a parser would come to before it stops.
size_t JsonDepth(std::string_view text);

}  // namespace matic
