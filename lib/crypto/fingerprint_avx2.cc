#include "lib/crypto/fingerprint_avx2.h"

// Compiled for such processors alone. Nothing else is included, so that no inline function of
// another header is compiled for them, and used elsewhere.
#ifdef __AVX2__
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace matic::crypto {

void FingerprintAvx2(const uint8_t* bytes, size_t size, uint64_t seed, uint64_t* fingerprint) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, size, seed);
  fingerprint[0] = hash.high64;
  fingerprint[1] = hash.low64;
}

}  // namespace matic::crypto
#endif
