#include "lib/image/verity_tree.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "lib/image/tool.h"
#include "lib/os/aligned_buffer.h"
#include "lib/os/linux_block_device.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

constexpr Tool kVeritysetup = {"veritysetup", "cryptsetup-bin", std::chrono::minutes(60)};
constexpr size_t kChunkBlocks = 1024;
constexpr size_t kDigestBytes = 32;
constexpr size_t kDigestsPerBlock = kVerityBlockBytes / kDigestBytes;

class BlockHash {
 public:
  explicit BlockHash(std::vector<uint8_t> salt) : salt_(std::move(salt)) {}

  crypto::Digest Of(std::span<const uint8_t> block) {
    sha256_.Update(salt_);
    sha256_.Update(block);
    return sha256_.Finish();
  }

 private:
  std::vector<uint8_t> salt_;
  crypto::Sha256 sha256_;
};

Result<VeritySuperblock> ReadSuperblock(BlockDevice& image, const VerityPlace& place) {
  std::array<uint8_t, kVeritySuperblockBytes> start{};
  if (place.section_bytes < start.size()) {
    return Fail(ErrorCode::kCorrupt, "section verity: it has no superblock");
  }
  MATIC_TRY(image.Read(place.section_offset, start));
  return CheckVeritySection(start, place.squashfs_bytes, place.section_bytes);
}

// Of the tree's one block at the top, or of the only block of the data.
Result<crypto::Digest> TopHash(BlockDevice& device, const VerityPlace& place,
                               const VeritySuperblock& superblock) {
  const auto levels = VerityLevels(superblock.data_blocks);
  const uint64_t offset =
      levels.empty() ? 0 : place.section_offset + levels.back().first_block * kVerityBlockBytes;
  std::array<uint8_t, kVerityBlockBytes> top{};
  MATIC_TRY(device.Read(offset, top));
  return BlockHash(superblock.salt).Of(top);
}

// The blocks of one level, or of the data, against the digests of the level above.
class LevelCheck {
 public:
  LevelCheck(BlockDevice& image, BlockHash& hash, uint64_t offset, uint64_t blocks)
      : image_(image), hash_(hash), offset_(offset), blocks_(blocks) {}

  Result<> Against(uint64_t digests_offset, std::string_view of) {
    AlignedBuffer data(kChunkBlocks * kVerityBlockBytes);
    AlignedBuffer digests(kChunkBlocks / kDigestsPerBlock * kVerityBlockBytes);
    for (uint64_t first = 0; first < blocks_; first += kChunkBlocks) {
      const size_t count = std::min<uint64_t>(blocks_ - first, kChunkBlocks);
      const size_t above = (count + kDigestsPerBlock - 1) / kDigestsPerBlock * kVerityBlockBytes;
      MATIC_TRY(image_.Read(offset_ + first * kVerityBlockBytes,
                            data.bytes().first(count * kVerityBlockBytes)));
      MATIC_TRY(image_.Read(digests_offset + first * kDigestBytes, digests.bytes().first(above)));
      for (size_t i = 0; i < count; ++i) {
        const auto block = data.bytes().subspan(i * kVerityBlockBytes, kVerityBlockBytes);
        const auto wanted = digests.bytes().subspan(i * kDigestBytes, kDigestBytes);
        if (!std::ranges::equal(hash_.Of(block), wanted)) {
          return Fail(ErrorCode::kCorrupt, "block " + std::to_string(first + i) + " of the " +
                                               std::string(of) + " does not match the hash tree");
        }
      }
    }
    return {};
  }

 private:
  BlockDevice& image_;
  BlockHash& hash_;
  uint64_t offset_;
  uint64_t blocks_;
};

// The form of RFC 4122, of the seed's first bytes.
std::string Uuid(const crypto::Digest& seed) {
  std::string text = crypto::ToHex(seed).substr(0, 32);
  for (const size_t at : {8, 13, 18, 23}) text.insert(at, "-");
  return text;
}

}  // namespace

Result<crypto::Digest> VerityRootHash(BlockDevice& image, const VerityPlace& place) {
  MATIC_ASSIGN(const auto superblock, ReadSuperblock(image, place));
  return TopHash(image, place, superblock);
}

Result<> VerifyVerityTree(BlockDevice& image, const VerityPlace& place,
                          const crypto::Digest& root_hash) {
  MATIC_ASSIGN(const auto superblock, ReadSuperblock(image, place));
  MATIC_ASSIGN(const auto top, TopHash(image, place, superblock));
  if (top != root_hash) {
    return Fail(ErrorCode::kCorrupt, "section verity: its root hash is " + crypto::ToHex(top) +
                                         ", not " + crypto::ToHex(root_hash));
  }
  BlockHash hash(superblock.salt);
  const auto levels = VerityLevels(superblock.data_blocks);
  const auto offset = [&](const VerityLevel& level) {
    return place.section_offset + level.first_block * kVerityBlockBytes;
  };
  for (size_t i = levels.size(); i-- > 1;) {
    LevelCheck below(image, hash, offset(levels[i - 1]), levels[i - 1].blocks);
    MATIC_TRY(below.Against(offset(levels[i]), "section verity"));
  }
  if (levels.empty()) return {};
  LevelCheck data(image, hash, 0, superblock.data_blocks);
  return data.Against(offset(levels.front()), "squashfs");
}

Result<crypto::Digest> MakeVerityTree(ProcessRunner& runner, const fs::path& squashfs,
                                      const crypto::Digest& seed, const fs::path& output) {
  MATIC_ASSIGN(auto data, LinuxBlockDevice::Open(squashfs, LinuxBlockDevice::Access::kReadOnly));
  const std::string block = std::to_string(kVerityBlockBytes);
  MATIC_TRY(RunTool(runner, kVeritysetup,
                    {"format", "--hash=sha256", "--format=1", "--data-block-size=" + block,
                     "--hash-block-size=" + block,
                     "--data-blocks=" + std::to_string(data->size() / kVerityBlockBytes),
                     "--salt=" + crypto::ToHex(seed), "--uuid=" + Uuid(seed), squashfs.string(),
                     output.string()}));
  MATIC_ASSIGN(auto tree, LinuxBlockDevice::Open(output, LinuxBlockDevice::Access::kReadOnly));
  const VerityPlace place{data->size(), 0, tree->size()};
  MATIC_ASSIGN(const auto superblock, ReadSuperblock(*tree, place));
  const auto levels = VerityLevels(superblock.data_blocks);
  return TopHash(levels.empty() ? *data : *tree, place, superblock);
}

}  // namespace matic::image
