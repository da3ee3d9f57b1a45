// What a patch says before its content: IMAGE.from-DIGEST.patch (docs/formats.md, "Patch").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"

namespace matic::delta {

// The start of a file, of a length that says how long the header is.
inline constexpr size_t kPatchPrefixBytes = 16;
// A header, and the table in it unpacked, are no longer than this.
inline constexpr size_t kMaxPatchHeaderBytes = 2 * 1024 * 1024;
// What a piece or a block has at most, stored or unpacked.
inline constexpr uint32_t kMaxPieceBytes = 1024 * 1024;

// What `bytes` made may take of unpacking, so that no patch keeps a machine busy for days.
constexpr uint64_t MaxUnpackedBytes(uint64_t bytes) {
  return 64 * uint64_t{kMaxPieceBytes} + 64 * bytes;
}

struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;

  bool operator==(const ByteRange&) const = default;
};

enum class PieceKind : uint8_t {
  kAsStored = 0,
  kPacked = 1,    // zstd; it is the unpacked bytes that count
  kMetadata = 2,  // the same behind two bytes of length, as squashfs has its metadata
};

// A stretch of the old image. Unpacked and put one behind the other they are what the patch refers
// to.
struct OldPiece {
  PieceKind kind = PieceKind::kAsStored;
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;
  uint32_t unpacked_bytes = 0;  // stored_bytes where it is as stored

  bool operator==(const OldPiece&) const = default;
};

// A stretch of the new image; they fill the ranges, one behind the other.
struct NewPiece {
  PieceKind kind = PieceKind::kAsStored;
  uint32_t stored_bytes = 0;
  uint32_t unpacked_bytes = 0;

  bool operator==(const NewPiece&) const = default;
};

struct PatchHeader {
  uint64_t old_bytes = 0;
  crypto::Digest old_sha256{};
  uint64_t new_bytes = 0;
  crypto::Digest new_sha256{};
  // What packed pieces are packed with: zstd of this version at this level. 0: nothing is packed.
  int level = 0;
  std::string packer_version;  // at most 15 characters
  // What of the new image it makes, in order: whole chunks. The rest is in the old one as it is.
  std::vector<ByteRange> ranges;
  // Packed blocks of the old image that the builder's packer made again: to be tried first.
  std::vector<ByteRange> samples;
  std::vector<OldPiece> old_pieces;
  std::vector<NewPiece> new_pieces;

  uint64_t made_bytes() const;      // of the new image
  uint64_t unpacked_bytes() const;  // that it takes to make them
};

// How long the header is that begins with these bytes. kCorrupt where it is no patch, or one of
// another version.
Result<size_t> PatchHeaderBytes(std::span<const uint8_t> prefix);

// Of exactly as many bytes. kCorrupt names what is wrong: a range outside of its image, pieces that
// do not fill the ranges, numbers beyond their bounds.
Result<PatchHeader> DecodePatchHeader(std::span<const uint8_t> bytes);

// kInvalidArgument where it is larger than kMaxPatchHeaderBytes.
Result<std::vector<uint8_t>> EncodePatchHeader(const PatchHeader& header);

}  // namespace matic::delta
