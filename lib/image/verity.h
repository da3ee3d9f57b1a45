// The section "verity": a dm-verity superblock and hash tree of the squashfs, as veritysetup writes
// them (https://gitlab.com/cryptsetup/cryptsetup/-/wikis/DMVerity, hash type 1). Reading takes no
// more than the C++ library, since the initrd does it too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace matic::image {

// "matic.verity=<64 hex digits>" on the kernel's command line: the root hash, that whoever signs
// the kernel signs with it.
inline constexpr std::string_view kVerityParameter = "matic.verity=";

// Of data and of the tree; no other size is read or written.
inline constexpr uint64_t kVerityBlockBytes = 4096;
inline constexpr size_t kVeritySuperblockBytes = 512;

struct VeritySuperblock {
  uint64_t data_blocks = 0;
  std::vector<uint8_t> salt;  // at most 256 bytes

  bool operator==(const VeritySuperblock&) const = default;
};

// `bytes` begin the section; kVeritySuperblockBytes of them are enough. kCorrupt where they are no
// superblock of version 1, hash type 1, SHA-256 and blocks of 4096 bytes, or it counts no block.
Result<VeritySuperblock> ParseVeritySuperblock(std::span<const uint8_t> bytes);

// One level of the tree: blocks that each hold the digests of 128 blocks of the level below.
struct VerityLevel {
  uint64_t first_block = 0;  // from the start of the section
  uint64_t blocks = 0;
};

// From the leaves, whose digests are those of the data, to the one block at the top; that comes
// first in the section, behind the superblock's block. None for a single block of data, whose
// digest is the root hash itself.
std::vector<VerityLevel> VerityLevels(uint64_t data_blocks);

// All of the section: the superblock's block and the tree.
uint64_t VeritySectionBytes(uint64_t data_blocks);

// The superblock of a tree over a squashfs of `squashfs_bytes` in a section of `section_bytes`.
// kCorrupt where it counts other blocks than the squashfs has, or the tree does not fill the
// section.
Result<VeritySuperblock> CheckVeritySection(std::span<const uint8_t> start, uint64_t squashfs_bytes,
                                            uint64_t section_bytes);

}  // namespace matic::image
