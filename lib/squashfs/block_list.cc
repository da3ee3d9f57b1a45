#include "lib/squashfs/block_list.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace matic::squashfs {
namespace {

// Stored blocks are larger than this on average in anything but a crafted squashfs; ends of files
// stored one by one (-no-fragments) are the smallest.
constexpr uint64_t kSmallestAverage = 512;
constexpr size_t kAlwaysRoomFor = 4096;
constexpr uint32_t kOtherBytes = 64 * 1024;

auto Key(const Block& block) {
  return std::tuple(block.offset, block.stored_bytes, block.kind, block.packed);
}

tl::unexpected<Error> Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "squashfs: " + what);
}

void FillGap(std::vector<Block>& blocks, uint64_t from, uint64_t to) {
  while (from < to) {
    const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(to - from, kOtherBytes));
    blocks.push_back({from, bytes, BlockKind::kOther, false});
    from += bytes;
  }
}

}  // namespace

BlockList::BlockList(uint64_t squashfs_bytes)
    : squashfs_bytes_(squashfs_bytes),
      most_(static_cast<size_t>(kAlwaysRoomFor + squashfs_bytes / kSmallestAverage)),
      sort_out_at_(kAlwaysRoomFor) {}

Result<> BlockList::Add(const Block& block) {
  if (block.stored_bytes == 0 || block.offset > squashfs_bytes_ ||
      block.stored_bytes > squashfs_bytes_ - block.offset) {
    return Damaged("a block of " + std::to_string(block.stored_bytes) + " bytes at " +
                   std::to_string(block.offset) + " is outside of its " +
                   std::to_string(squashfs_bytes_) + " bytes");
  }
  blocks_.push_back(block);
  if (blocks_.size() < sort_out_at_) return {};
  // Files of equal content share their blocks, each of them naming all.
  SortOut();
  if (blocks_.size() > most_) {
    return Damaged("more than " + std::to_string(most_) + " blocks in " +
                   std::to_string(squashfs_bytes_) + " bytes");
  }
  sort_out_at_ = 2 * blocks_.size() + kAlwaysRoomFor;
  return {};
}

void BlockList::SortOut() {
  std::ranges::sort(blocks_, {}, Key);
  blocks_.erase(std::unique(blocks_.begin(), blocks_.end()), blocks_.end());
}

Result<std::vector<Block>> BlockList::Cover() && {
  SortOut();
  std::vector<Block> covering;
  covering.reserve(blocks_.size() + 16);
  uint64_t end = 0;
  for (const Block& block : blocks_) {
    if (block.offset < end) {
      return Damaged("two blocks overlap at " + std::to_string(block.offset));
    }
    FillGap(covering, end, block.offset);
    covering.push_back(block);
    end = block.offset + block.stored_bytes;
  }
  FillGap(covering, end, squashfs_bytes_);
  return covering;
}

}  // namespace matic::squashfs
