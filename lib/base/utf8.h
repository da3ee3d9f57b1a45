// Text that others take: a protobuf message or a JSON value with a string that is not UTF-8 is
// refused by its receiver, and what a check or a server said may be any bytes.
#pragma once

#include <string>
#include <string_view>

namespace matic {

// Every byte that is not part of a valid sequence (RFC 3629) becomes U+FFFD; what is longer than
// `limit` bytes is cut between characters and ends in "…".
std::string ToUtf8(std::string_view text, size_t limit = 4096);

}  // namespace matic
