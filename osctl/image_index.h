// An image's index as a file beside it, and how such files are named.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"

namespace matic::osctl {

inline constexpr char kIndexEnding[] = ".idx";
// IMAGE.from-DIGEST.patch
inline constexpr char kPatchInfix[] = ".from-";
inline constexpr char kPatchEnding[] = ".patch";

struct WrittenIndex {
  std::string path;
  uint64_t size_bytes = 0;
  size_t chunks = 0;
  uint64_t image_bytes = 0;
  crypto::Digest image_sha256{};
};

// Reads all of `image`, any file, and writes its index to `out`, which is what it was after an
// error, a stop or a power loss.
Result<WrittenIndex> WriteIndexOf(const std::string& image, const std::string& out,
                                  std::stop_token stop);

}  // namespace matic::osctl
