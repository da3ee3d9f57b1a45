#include "tests/unit/agent/transfer/noise.h"

#include <algorithm>
#include <random>
#include <span>

namespace matic::transfer {

std::vector<uint8_t> Noise(size_t bytes, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> noise(bytes);
  std::ranges::generate(noise, [&] { return static_cast<uint8_t>(random()); });
  return noise;
}

delta::ChunkIndex IndexOf(const std::vector<uint8_t>& image, const std::vector<uint32_t>& lengths) {
  delta::ChunkIndex index{crypto::Sha256Of(image), image.size(), {}};
  size_t at = 0;
  for (const uint32_t length : lengths) {
    index.chunks.push_back({length, crypto::Sha256Of(std::span(image).subspan(at, length))});
    at += length;
  }
  return index;
}

delta::ChunkIndex IndexOf(const std::vector<uint8_t>& image, uint32_t length) {
  std::vector<uint32_t> lengths;
  for (size_t at = 0; at < image.size(); at += length) {
    lengths.push_back(static_cast<uint32_t>(std::min<size_t>(length, image.size() - at)));
  }
  return IndexOf(image, lengths);
}

}  // namespace matic::transfer
