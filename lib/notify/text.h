// Texts cut and cleaned for those who take only so much of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace matic::notify {

// Valid UTF-8 of at most about `limit` bytes; every run of white space and control characters is
// one space, so that no header and no line can be smuggled in.
std::string OneLine(std::string_view text, size_t limit);

// The same, but line ends and tabs stay.
std::string Lines(std::string_view text, size_t limit);

// At most `limit` UTF-16 units, as chat services count; a cut text ends in "…". Takes valid UTF-8.
std::string Shorten(std::string_view text, size_t limit);

// "3 other notifications were left out: too many at a time."; empty for none.
std::string LeftOutNote(uint64_t left_out);

}  // namespace matic::notify
