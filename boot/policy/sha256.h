// SHA-256 (FIPS 180-4) for the selector, which cannot link OpenSSL. Everything else uses
// lib/crypto.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace matic::boot {

using Sha256Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  void Update(std::span<const uint8_t> bytes);
  // Once, after the last Update.
  Sha256Digest Finish();

 private:
  static constexpr size_t kBlockBytes = 64;

  void Compress(const uint8_t* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, kBlockBytes> pending_{};
  size_t pending_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

}  // namespace matic::boot
