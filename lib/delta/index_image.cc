#include "lib/delta/index_image.h"

#include <algorithm>
#include <string>
#include <vector>

#include "boot/policy/section_table.h"
#include "lib/delta/chunk_rule.h"
#include "lib/os/read_window.h"
#include "lib/squashfs/layout.h"

namespace matic::delta {
namespace {

constexpr size_t kHeadBytes = 96;  // a squashfs's superblock
constexpr size_t kWindowBytes = 2 * 1024 * 1024;
static_assert(kWindowBytes >= squashfs::kMaxBlockBytes + 2 * kDirectAlignment);
static_assert(squashfs::kMaxBlockBytes <= kMaxChunkBytes);

// Where what is behind the squashfs begins, part by part: the section table, each section.
Result<std::vector<uint64_t>> PartsBehind(ReadWindow& window, uint64_t squashfs_bytes,
                                          uint64_t image_bytes) {
  std::vector<uint64_t> starts = {squashfs_bytes};
  const auto table_at = boot::SectionTableOffset(squashfs_bytes);
  if (!table_at || *table_at > image_bytes || image_bytes - *table_at < boot::kSectionTableBytes) {
    return starts;
  }
  MATIC_ASSIGN(const auto block, window.Read(*table_at, boot::kSectionTableBytes));
  const auto parse =
      boot::ParseSectionTable(block.first<boot::kSectionTableBytes>(), squashfs_bytes, image_bytes);
  if (parse.error != boot::SectionTableError::kNone) return starts;
  for (const boot::Section& section : parse.table.used()) starts.push_back(section.offset);
  std::ranges::sort(starts);
  return starts;
}

class Indexer {
 public:
  Indexer(BlockDevice& image, const IndexOptions& options)
      : window_(image, kWindowBytes), options_(options) {}

  ReadWindow& window() { return window_; }

  // Every block, from where the last one ended.
  Result<> AddBlocks(const std::vector<squashfs::Block>& blocks) {
    bool were_files = false;
    for (const squashfs::Block& block : blocks) {
      const bool alone = block.stored_bytes >= kLoneBlockBytes;
      // Tables change with every version: what files hold does not share their chunks.
      const bool of_files =
          block.kind == squashfs::BlockKind::kData || block.kind == squashfs::BlockKind::kFragment;
      if (of_files != were_files) EndChunk();
      were_files = of_files;
      if (alone || length_ + block.stored_bytes > kMaxMergedBytes) EndChunk();
      MATIC_ASSIGN(const auto bytes, Take(block.stored_bytes));
      Add(bytes);
      if (alone || EndsMerged(bytes)) EndChunk();
    }
    EndChunk();
    return {};
  }

  // Up to `end`, as the content says.
  Result<> AddContent(uint64_t end) {
    while (at_ < end) {
      const auto ahead = static_cast<size_t>(std::min<uint64_t>(end - at_, kMaxContentBytes));
      MATIC_ASSIGN(const auto bytes, window_.Read(at_, ahead));
      const size_t length = ContentChunk(bytes);
      MATIC_ASSIGN(const auto chunk, Take(length));
      Add(chunk);
      EndChunk();
    }
    return {};
  }

  ChunkIndex Finish() && {
    index_.image_bytes = at_;
    if (options_.image_digest) index_.image_sha256 = image_.Finish();
    return std::move(index_);
  }

 private:
  Result<std::span<const uint8_t>> Take(size_t length) {
    if (options_.stop.stop_requested()) {
      return Fail(ErrorCode::kCancelled, "stopped while indexing the image");
    }
    MATIC_ASSIGN(const auto bytes, window_.Read(at_, length));
    at_ += length;
    return bytes;
  }

  void Add(std::span<const uint8_t> bytes) {
    if (options_.image_digest) image_.Update(bytes);
    chunk_.Update(bytes);
    length_ += static_cast<uint32_t>(bytes.size());
  }

  void EndChunk() {
    if (length_ == 0) return;
    index_.chunks.push_back({length_, chunk_.Finish()});
    length_ = 0;
  }

  ReadWindow window_;
  const IndexOptions& options_;
  uint64_t at_ = 0;
  uint32_t length_ = 0;  // of the chunk that is not ended yet
  crypto::Sha256 chunk_;
  crypto::Sha256 image_;
  ChunkIndex index_;
};

}  // namespace

Result<ChunkIndex> IndexImage(BlockDevice& image, uint64_t image_bytes,
                              const IndexOptions& options) {
  if (image_bytes > image.size()) {
    return Fail(ErrorCode::kInvalidArgument, "an image of " + std::to_string(image_bytes) +
                                                 " bytes cannot be in " +
                                                 std::to_string(image.size()));
  }
  Indexer indexer(image, options);
  const auto head_bytes = static_cast<size_t>(std::min<uint64_t>(image_bytes, kHeadBytes));
  MATIC_ASSIGN(const auto head, indexer.window().Read(0, head_bytes));
  const auto squashfs_bytes = boot::SquashfsBytesUsed(head);
  std::vector<uint64_t> starts;
  if (squashfs_bytes) {
    if (*squashfs_bytes > image_bytes) {
      return Fail(ErrorCode::kCorrupt,
                  "the squashfs says it is " + std::to_string(*squashfs_bytes) +
                      " bytes long, the image has " + std::to_string(image_bytes));
    }
    MATIC_ASSIGN(const auto layout, squashfs::ReadLayout(image, options.stop));
    MATIC_TRY(indexer.AddBlocks(layout.blocks));
    MATIC_ASSIGN(starts, PartsBehind(indexer.window(), *squashfs_bytes, image_bytes));
  }
  starts.push_back(image_bytes);
  for (const uint64_t start : starts) MATIC_TRY(indexer.AddContent(start));
  return std::move(indexer).Finish();
}

}  // namespace matic::delta
