// Text that others take: a protobuf message or a JSON value with a string that is not UTF-8 is
// refused by its receiver, and what a check or a server said may be any bytes.
#pragma once

#include <string>
#include <string_view>

namespace matic {

// Every byte that is not part of a valid sequence (RFC 3629) becomes U+FFFD; what is longer than
// `limit` bytes is cut between characters and ends in "…".
std::string ToUtf8(std::string_view text, size_t limit = 4096);

// Bytes of the valid sequence that `text` begins with; 0 where there is none.
size_t SequenceLength(std::string_view text);

// Whether it belongs to the character before it: no text is cut there.
constexpr bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace matic
