// Images of noise, cut into chunks by hand.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/delta/chunk_index.h"

namespace matic::transfer {

std::vector<uint8_t> Noise(size_t bytes, uint32_t seed);

// The index of `image` in chunks of these lengths, which add up to its size.
delta::ChunkIndex IndexOf(const std::vector<uint8_t>& image, const std::vector<uint32_t>& lengths);

// In chunks of as many bytes each; the last may be shorter.
delta::ChunkIndex IndexOf(const std::vector<uint8_t>& image, uint32_t length);

}  // namespace matic::transfer
