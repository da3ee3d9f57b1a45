#include "lib/delta/chunk_rule.h"

#include <algorithm>
#include <array>

#include "boot/policy/little_endian.h"

namespace matic::delta {
namespace {

constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
constexpr uint64_t kMergedAverage = 40 * 1024;
// 49152 bytes behind the least: 64 KiB on average.
constexpr uint64_t kContentAverage = 48 * 1024;

constexpr uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// A number for each value of a byte: what splitmix64 gives, started at 0.
constexpr std::array<uint64_t, 256> kGear = [] {
  std::array<uint64_t, 256> gear{};
  uint64_t state = 0;
  for (uint64_t& number : gear) number = Mix(state += kMultiplier);
  return gear;
}();

uint64_t HashOf(std::span<const uint8_t> bytes) {
  uint64_t hash = bytes.size();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    hash = (hash ^ boot::Load64(bytes, 0)) * kMultiplier;
    hash ^= hash >> 32;
  }
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * kMultiplier;
  return Mix(hash);
}

}  // namespace

bool EndsMerged(std::span<const uint8_t> block) {
  return (HashOf(block) >> 32) < (block.size() << 32) / kMergedAverage;
}

size_t ContentChunk(std::span<const uint8_t> bytes) {
  const size_t most = std::min<size_t>(bytes.size(), kMaxContentBytes);
  constexpr uint64_t kEndsBelow = UINT64_MAX / kContentAverage;
  uint64_t hash = 0;
  // 64 bytes decide: older ones have been shifted out.
  for (size_t at = std::min<size_t>(most, kMinContentBytes - 64); at < most; ++at) {
    hash = (hash << 1) + kGear[bytes[at]];
    if (at + 1 >= kMinContentBytes && hash < kEndsBelow) return at + 1;
  }
  return most;
}

}  // namespace matic::delta
