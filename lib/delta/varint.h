// Numbers of as many bytes as they need: seven bits each, the lowest first (LEB128).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace matic::delta {

inline void PutNumber(std::vector<uint8_t>& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<uint8_t>(number | 0x80));
  out.push_back(static_cast<uint8_t>(number));
}

// 0, -1, 1, -2, …: small ones of either sign stay small.
inline void PutSigned(std::vector<uint8_t>& out, int64_t number) {
  PutNumber(out, (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63));
}
inline int64_t SignedOf(uint64_t coded) {
  return static_cast<int64_t>((coded >> 1) ^ (~(coded & 1) + 1));
}

// Takes it off the front. Nothing where it does not end, or is beyond 64 bits.
inline std::optional<uint64_t> TakeNumber(std::span<const uint8_t>& bytes) {
  uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    if (shift == 63 && byte > 1) return std::nullopt;
    number |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return number;
  }
  return std::nullopt;
}

}  // namespace matic::delta
