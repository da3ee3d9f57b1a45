// JSON (RFC 8259) from people we have no reason to trust. Included by the .cc files of this folder
// only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic::trust {

inline constexpr size_t kMaxJsonDepth = 16;

// kCorrupt where `text` is larger than `limit`, is no JSON, nests deeper than kMaxJsonDepth, or an
// object has a key twice, of which two readers could take different ones.
Result<nlohmann::json> ParseStrictJson(std::string_view text, size_t limit);

}  // namespace matic::trust
