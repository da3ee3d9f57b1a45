#include "tests/unit/lib/image/small_tree.h"

#include <algorithm>
#include <string_view>

#include "boot/policy/little_endian.h"

namespace matic::image {
namespace {

constexpr size_t kBlock = 4096;
constexpr std::string_view kSalt = "abc";

crypto::Digest HashOf(std::span<const uint8_t> block) {
  std::vector<uint8_t> salted(kSalt.begin(), kSalt.end());
  salted.insert(salted.end(), block.begin(), block.end());
  return crypto::Sha256Of(salted);
}

// The digests of the blocks below, in blocks.
std::vector<uint8_t> LevelAbove(std::span<const uint8_t> below) {
  std::vector<uint8_t> level;
  for (size_t at = 0; at < below.size(); at += kBlock) {
    const crypto::Digest digest = HashOf(below.subspan(at, kBlock));
    level.insert(level.end(), digest.begin(), digest.end());
  }
  level.resize((level.size() + kBlock - 1) / kBlock * kBlock);
  return level;
}

std::vector<uint8_t> Superblock(uint64_t data_blocks) {
  std::vector<uint8_t> block(kBlock);
  std::ranges::copy(std::string_view("verity"), block.begin());
  boot::Store32(block, 8, 1);
  boot::Store32(block, 12, 1);
  std::ranges::copy(std::string_view("sha256"), block.begin() + 32);
  boot::Store32(block, 64, kBlock);
  boot::Store32(block, 68, kBlock);
  boot::Store64(block, 72, data_blocks);
  block[80] = kSalt.size();
  std::ranges::copy(kSalt, block.begin() + 88);
  return block;
}

}  // namespace

SmallTree MakeSmallTree(std::span<const uint8_t> data) {
  std::vector<uint8_t> tree;
  std::vector<uint8_t> top(data.begin(), data.end());
  while (top.size() > kBlock) {
    top = LevelAbove(top);
    tree.insert(tree.begin(), top.begin(), top.end());
  }
  SmallTree made{Superblock(data.size() / kBlock), HashOf(top)};
  made.section.insert(made.section.end(), tree.begin(), tree.end());
  return made;
}

}  // namespace matic::image
