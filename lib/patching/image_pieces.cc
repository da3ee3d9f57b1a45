#include "lib/patching/image_pieces.h"

#include <algorithm>
#include <set>

#include "lib/delta/index_image.h"
#include "lib/delta/old_content.h"
#include "lib/squashfs/codec.h"

namespace matic::patching {
namespace {

using delta::ByteRange;
using delta::OldPiece;
using delta::PieceKind;

constexpr size_t kSamples = 6;
constexpr uint32_t kStoredPieceBytes = 256 * 1024;

PieceKind KindOf(const squashfs::Block& block, uint16_t compressor) {
  if (!block.packed || compressor != squashfs::kZstd) return PieceKind::kAsStored;
  return block.kind == squashfs::BlockKind::kMetadata ? PieceKind::kMetadata : PieceKind::kPacked;
}

class PieceReader {
 public:
  PieceReader(BlockDevice& device, squashfs::Unpacker unpacker, int level)
      : device_(device),
        unpacker_(std::move(unpacker)),
        packer_(std::max(level, 1)),
        level_(level) {}

  static Result<PieceReader> Open(BlockDevice& device, int level) {
    MATIC_ASSIGN(auto unpacker, squashfs::Unpacker::Create(squashfs::kZstd, delta::kMaxPieceBytes));
    return PieceReader(device, std::move(unpacker), level);
  }

  Result<> Add(PieceKind kind, uint64_t offset, uint32_t stored_bytes, Pieces& out) {
    OldPiece piece{kind, offset, stored_bytes, stored_bytes};
    if (kind != PieceKind::kAsStored) {
      MATIC_ASSIGN(const auto unpacked, Unpacked(kind, offset, stored_bytes));
      if (!unpacked.empty()) {
        piece.unpacked_bytes = static_cast<uint32_t>(unpacked.size());
        out.pieces.push_back(piece);
        out.content.insert(out.content.end(), unpacked.begin(), unpacked.end());
        return {};
      }
      piece.kind = PieceKind::kAsStored;
    }
    const size_t at = out.content.size();
    out.content.resize(at + stored_bytes);
    MATIC_TRY(device_.Read(offset, std::span(out.content).subspan(at)));
    out.pieces.push_back(piece);
    return {};
  }

  // Empty where it is of no use unpacked.
  Result<std::vector<uint8_t>> Unpacked(PieceKind kind, uint64_t offset, uint32_t stored_bytes) {
    std::vector<uint8_t> stored(stored_bytes);
    MATIC_TRY(device_.Read(offset, stored));
    const size_t header = kind == PieceKind::kMetadata ? squashfs::kMetadataHeaderBytes : 0;
    const auto packed = std::span<const uint8_t>(stored).subspan(header);
    std::vector<uint8_t> room(delta::kMaxPieceBytes);
    const auto size = unpacker_.Unpack(packed, room);
    if (!size) return std::vector<uint8_t>();
    room.resize(*size);
    if (level_ == 0) return room;
    MATIC_ASSIGN(const auto again, packer_.Pack(room));
    if (!std::ranges::equal(again, packed)) return std::vector<uint8_t>();
    return room;
  }

 private:
  BlockDevice& device_;
  squashfs::Unpacker unpacker_;
  squashfs::Packer packer_;
  int level_;
};

Result<> AddRange(PieceReader& reader, const squashfs::Layout& layout, const ByteRange& range,
                  const std::stop_token& stop, Pieces& out) {
  const auto& blocks = layout.blocks;
  const uint64_t end = range.offset + range.length;
  auto block = std::ranges::lower_bound(blocks, range.offset, {}, &squashfs::Block::offset);
  for (uint64_t at = range.offset; at < end;) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    if (block != blocks.end()) {
      const PieceKind kind = KindOf(*block, layout.superblock.compressor);
      MATIC_TRY(reader.Add(kind, at, block->stored_bytes, out));
      at += (block++)->stored_bytes;
      continue;
    }
    const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(end - at, kStoredPieceBytes));
    MATIC_TRY(reader.Add(PieceKind::kAsStored, at, bytes, out));
    at += bytes;
  }
  return {};
}

bool IsIn(uint64_t offset, std::span<const ByteRange> ranges) {
  const auto after = std::ranges::upper_bound(ranges, offset, {}, &ByteRange::offset);
  return after != ranges.begin() && offset - std::prev(after)->offset < std::prev(after)->length;
}

}  // namespace

Result<Image> ReadImage(BlockDevice& device, std::stop_token stop) {
  Image image;
  MATIC_ASSIGN(image.index,
               delta::IndexImage(device, device.size(), {.image_digest = true, .stop = stop}));
  if (squashfs::ReadSuperblock(device)) {
    MATIC_ASSIGN(image.layout, squashfs::ReadLayout(device, std::move(stop)));
  }
  return image;
}

std::vector<ByteRange> NotIn(const delta::ChunkIndex& image, const delta::ChunkIndex& other) {
  std::set<crypto::Digest> there;
  for (const delta::IndexedChunk& chunk : other.chunks) there.insert(chunk.sha256);
  std::vector<ByteRange> ranges;
  uint64_t at = 0;
  for (const delta::IndexedChunk& chunk : image.chunks) {
    if (!there.contains(chunk.sha256)) {
      const bool goes_on = !ranges.empty() && ranges.back().offset + ranges.back().length == at;
      if (!goes_on) ranges.push_back({at, 0});
      ranges.back().length += chunk.length;
    }
    at += chunk.length;
  }
  return ranges;
}

Result<Pieces> ReadPieces(BlockDevice& device, const Image& image,
                          std::span<const ByteRange> ranges, int level,
                          const std::stop_token& stop) {
  MATIC_ASSIGN(auto reader, PieceReader::Open(device, level));
  Pieces pieces;
  for (const ByteRange& range : ranges) {
    MATIC_TRY(AddRange(reader, image.layout, range, stop, pieces));
  }
  return pieces;
}

Result<std::vector<ByteRange>> FindSamples(BlockDevice& device, const Image& image,
                                           std::span<const ByteRange> ranges, int level) {
  MATIC_ASSIGN(auto reader, PieceReader::Open(device, level));
  std::vector<ByteRange> samples;
  const auto& blocks = image.layout.blocks;
  const size_t apart = blocks.size() / kSamples + 1;
  for (size_t i = 0, next = 0; i < blocks.size() && samples.size() < kSamples; ++i) {
    const squashfs::Block& block = blocks[i];
    if (i < next || KindOf(block, image.layout.superblock.compressor) != PieceKind::kPacked ||
        IsIn(block.offset, ranges)) {
      continue;
    }
    MATIC_ASSIGN(const auto unpacked,
                 reader.Unpacked(PieceKind::kPacked, block.offset, block.stored_bytes));
    if (unpacked.empty()) continue;
    samples.push_back({block.offset, block.stored_bytes});
    next = i + apart;
  }
  return samples;
}

}  // namespace matic::patching
