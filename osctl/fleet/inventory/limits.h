// How large an inventory may be. Inside this folder only.
#pragma once

#include <cstddef>

#include "lib/settings/document.h"

namespace matic::fleet {

// Of fleet.yaml, and of what a program prints: twenty thousand machines with room to spare.
inline constexpr settings::Limits kFileLimits{.bytes = 8u << 20, .values = 1'000'000};

// Mistakes that are told at once.
inline constexpr size_t kMaxProblems = 100;

}  // namespace matic::fleet
