#include "lib/image/verity.h"

#include <algorithm>

#include "boot/policy/little_endian.h"

namespace matic::image {
namespace {

constexpr std::string_view kMagic = {"verity\0\0", 8};
constexpr std::string_view kAlgorithm = "sha256";
constexpr size_t kVersionAt = 8;
constexpr size_t kHashTypeAt = 12;
constexpr size_t kAlgorithmAt = 32;
constexpr size_t kAlgorithmBytes = 32;
constexpr size_t kDataBlockBytesAt = 64;
constexpr size_t kHashBlockBytesAt = 68;
constexpr size_t kDataBlocksAt = 72;
constexpr size_t kSaltBytesAt = 80;
constexpr size_t kSaltAt = 88;
constexpr size_t kMaxSaltBytes = 256;
constexpr uint64_t kDigestsPerBlock = kVerityBlockBytes / 32;
// No disk is larger than this, and no sum of blocks overflows below it.
constexpr uint64_t kMaxDataBlocks = uint64_t{1} << 50;

tl::unexpected<Error> NotVerity(std::string_view why) {
  return Fail(ErrorCode::kCorrupt, "section verity: " + std::string(why));
}

bool IsAlgorithm(std::span<const uint8_t> field) {
  const auto end = std::ranges::find(field, uint8_t{0});
  return std::ranges::equal(std::span(field.begin(), end), kAlgorithm);
}

uint64_t BlocksOf(uint64_t count, uint64_t per_block) {
  return (count + per_block - 1) / per_block;
}

}  // namespace

Result<VeritySuperblock> ParseVeritySuperblock(std::span<const uint8_t> bytes) {
  if (bytes.size() < kVeritySuperblockBytes ||
      !std::ranges::equal(bytes.first(kMagic.size()), kMagic)) {
    return NotVerity("it has no superblock");
  }
  if (boot::Load32(bytes, kVersionAt) != 1 || boot::Load32(bytes, kHashTypeAt) != 1 ||
      !IsAlgorithm(bytes.subspan(kAlgorithmAt, kAlgorithmBytes)) ||
      boot::Load32(bytes, kDataBlockBytesAt) != kVerityBlockBytes ||
      boot::Load32(bytes, kHashBlockBytesAt) != kVerityBlockBytes) {
    return NotVerity("it is not of version 1, hash type 1, sha256 and blocks of 4096 bytes");
  }
  VeritySuperblock superblock;
  superblock.data_blocks = boot::Load64(bytes, kDataBlocksAt);
  if (superblock.data_blocks == 0 || superblock.data_blocks > kMaxDataBlocks) {
    return NotVerity("its number of blocks cannot be right");
  }
  const size_t salt_bytes = boot::Load16(bytes, kSaltBytesAt);
  if (salt_bytes > kMaxSaltBytes) return NotVerity("its salt is too long");
  const auto salt = bytes.subspan(kSaltAt, salt_bytes);
  superblock.salt.assign(salt.begin(), salt.end());
  return superblock;
}

std::vector<VerityLevel> VerityLevels(uint64_t data_blocks) {
  std::vector<VerityLevel> levels;
  for (uint64_t below = data_blocks; below > 1; below = levels.back().blocks) {
    levels.push_back({0, BlocksOf(below, kDigestsPerBlock)});
  }
  uint64_t block = 1;
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    level->first_block = block;
    block += level->blocks;
  }
  return levels;
}

uint64_t VeritySectionBytes(uint64_t data_blocks) {
  uint64_t blocks = 1;
  for (const VerityLevel& level : VerityLevels(data_blocks)) blocks += level.blocks;
  return blocks * kVerityBlockBytes;
}

Result<VeritySuperblock> CheckVeritySection(std::span<const uint8_t> start, uint64_t squashfs_bytes,
                                            uint64_t section_bytes) {
  MATIC_ASSIGN(auto superblock, ParseVeritySuperblock(start));
  const uint64_t wanted = BlocksOf(squashfs_bytes, kVerityBlockBytes);
  if (superblock.data_blocks != wanted) {
    return NotVerity("its tree is of " + std::to_string(superblock.data_blocks) +
                     " blocks, the squashfs has " + std::to_string(wanted));
  }
  if (section_bytes != VeritySectionBytes(wanted)) {
    return NotVerity("it is " + std::to_string(section_bytes) + " bytes long, a tree of " +
                     std::to_string(wanted) + " blocks takes " +
                     std::to_string(VeritySectionBytes(wanted)));
  }
  return superblock;
}

}  // namespace matic::image
