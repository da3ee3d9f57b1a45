#include "lib/crypto/fingerprint.h"

#include <random>

#include "lib/crypto/fingerprint_avx2.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace matic::crypto {

Fingerprinter::Fingerprinter() {
  std::random_device random;
  seed_ = uint64_t{random()} << 32 | random();
}

Fingerprinter::Fingerprint Fingerprinter::Of(std::span<const uint8_t> bytes) const {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) {
    Fingerprint fingerprint{};
    FingerprintAvx2(bytes.data(), bytes.size(), seed_, fingerprint.data());
    return fingerprint;
  }
#endif
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed_);
  return {hash.high64, hash.low64};
}

}  // namespace matic::crypto
