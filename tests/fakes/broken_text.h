// Texts that are almost good, for tests of parsers: the same ones at every run.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace matic::fakes {

// `good` damaged in many ways: cut off, bytes flipped, left out, doubled and put in (NUL, invalid
// UTF-8, quotes, brackets), numbers that are too large, absurd lengths (1 MiB) and depths
// (100,000). `count` of them are random; those of the other kinds come in any case. None equals
// `good`.
std::vector<std::string> Broken(const std::string& good, size_t count);

}  // namespace matic::fakes
