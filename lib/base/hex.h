// Bytes as hexadecimal digits and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace matic {

// Lower case, two digits a byte.
std::string HexEncode(std::span<const uint8_t> bytes);

// Upper and lower case are taken. An odd length or another character is kInvalidArgument and names
// the position.
Result<std::vector<uint8_t>> HexDecode(std::string_view text);

}  // namespace matic
