// Hash trees for dm-verity, made the simple way from the format's description.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/crypto/sha256.h"

namespace matic::image {

struct SmallTree {
  std::vector<uint8_t> section;  // superblock and levels
  crypto::Digest root_hash{};
};

// Of whole blocks, with a salt of three bytes.
SmallTree MakeSmallTree(std::span<const uint8_t> data);

}  // namespace matic::image
