// What a patch refers to: stretches of the old image, unpacked, one behind the other.
#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>
#include <vector>

#include "lib/delta/patch_header.h"
#include "lib/os/block_device.h"
#include "lib/squashfs/codec.h"

namespace matic::delta {

// Keeps the pieces that were used last, kCachedBytes of them. Not for several threads; the device
// must outlive it.
class OldContent {
 public:
  static constexpr size_t kCachedBytes = 4 * 1024 * 1024;

  static Result<OldContent> Open(BlockDevice& old_image, std::vector<OldPiece> pieces);

  uint64_t size() const { return starts_.back(); }

  // Adds the bytes at `position` to `bytes`, each modulo 256. Returns false where the old image
  // does not hold what it should: `bytes` are of no use then. kInvalidArgument beyond the end.
  Result<bool> AddTo(uint64_t position, std::span<uint8_t> bytes);

  // Of all pieces that were unpacked, again and again where they had to be.
  uint64_t unpacked_bytes() const { return unpacked_bytes_; }

 private:
  struct Unpacked {
    std::vector<uint8_t> bytes;  // empty: it could not be
    std::list<size_t>::iterator place;
  };

  OldContent(BlockDevice& old_image, std::vector<OldPiece> pieces, squashfs::Unpacker unpacker);
  const std::vector<uint8_t>& Piece(size_t index);
  // Empty where the image does not hold what it should.
  std::vector<uint8_t> Unpack(const OldPiece& piece);

  BlockDevice* old_image_;
  std::vector<OldPiece> pieces_;
  std::vector<uint64_t> starts_;  // of each piece, and the end
  squashfs::Unpacker unpacker_;
  std::unordered_map<size_t, Unpacked> cache_;
  std::list<size_t> by_use_;  // the last used first
  size_t cached_bytes_ = 0;
  uint64_t unpacked_bytes_ = 0;
};

}  // namespace matic::delta
