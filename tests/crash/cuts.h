// Which states a power loss may leave, of the many that it could.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/crash/medium.h"

namespace matic::crash {

// A fate for each of `pending`, many times: all lost, all kept; each kept alone and each lost
// alone; each torn after 512 and after 4096 bytes, either part kept, with the others lost and with
// those before it kept; every subset of a few, of more a number of them by `seed`, whatever their
// order was; sectors by chance.
std::vector<std::vector<Fate>> Fates(std::span<const Operation* const> pending, uint32_t seed);

}  // namespace matic::crash
