// Text of others on a terminal, in a log: nothing in it moves the cursor, changes a colour, turns
// the order of letters round or begins a line that looks like one of ours.
#pragma once

#include <string>
#include <string_view>

namespace matic {

enum class LineBreaks { kKeep, kEscape };

// Control characters of ASCII and of Latin-1 and those that change the direction of text become
// what they are called: "\x1b", "\u202e". Tabs stay. What is no UTF-8 becomes U+FFFD.
std::string Printable(std::string_view text, LineBreaks line_breaks = LineBreaks::kEscape);

}  // namespace matic
