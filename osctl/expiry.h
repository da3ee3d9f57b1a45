// "--expires" of documents.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace matic::osctl {

// "2026-04-01T00:00:00Z", "2026-04-01" (its first second, in UTC), or "90d" after `from`.
// kInvalidArgument for anything else, for a time that is not after `from`, and for one that is more
// than 100 years away.
Result<WallTime> ParseExpiry(const std::string& text, WallTime from);

}  // namespace matic::osctl
