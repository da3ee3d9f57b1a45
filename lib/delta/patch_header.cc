#include "lib/delta/patch_header.h"

#include <algorithm>
#include <string_view>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "lib/delta/varint.h"
#include "lib/delta/zstd_stream.h"

namespace matic::delta {
namespace {

constexpr std::string_view kMagic = "MATICPAT";
constexpr uint32_t kVersion = 1;
constexpr size_t kLengthAt = 12;
constexpr size_t kOldBytesAt = 16;
constexpr size_t kOldDigestAt = 24;
constexpr size_t kNewBytesAt = 56;
constexpr size_t kNewDigestAt = 64;
constexpr size_t kLevelAt = 96;
constexpr size_t kPackerAt = 100;
constexpr size_t kPackerBytes = 16;
constexpr size_t kTableBytesAt = 116;
constexpr size_t kTableAt = 120;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kMetadataHeaderBytes = 2;
constexpr uint32_t kMaxLevel = 22;

tl::unexpected<Error> Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "patch: " + what);
}

// Numbers one by one; after the first that is missing or beyond its bound, all are 0 and it is bad.
class TableReader {
 public:
  explicit TableReader(std::span<const uint8_t> table) : left_(table) {}

  uint64_t Number(uint64_t most = UINT64_MAX) {
    const auto number = good_ ? TakeNumber(left_) : std::nullopt;
    good_ = number && *number <= most;
    return good_ ? *number : 0;
  }
  uint32_t Length(uint64_t most = kMaxPieceBytes + kMetadataHeaderBytes) {
    const auto length = static_cast<uint32_t>(Number(most));
    good_ = good_ && length > 0;
    return length;
  }
  // Each entry takes some bytes: no count is larger than what is left has room for.
  size_t Count(size_t least_bytes) {
    return static_cast<size_t>(Number(left_.size() / least_bytes));
  }

  bool good() const { return good_; }
  bool at_end() const { return left_.empty(); }

 private:
  std::span<const uint8_t> left_;
  bool good_ = true;
};

Result<std::vector<ByteRange>> ReadRanges(TableReader& reader, uint64_t image_bytes) {
  std::vector<ByteRange> ranges(reader.Count(2));
  uint64_t end = 0;
  for (ByteRange& range : ranges) {
    const uint64_t gap = reader.Number(image_bytes - end);
    range.offset = end + gap;
    range.length = reader.Number(image_bytes - range.offset);
    if (!reader.good() || range.length == 0) return Damaged("a range is outside of its image");
    end = range.offset + range.length;
  }
  return ranges;
}

struct Shape {
  PieceKind kind = PieceKind::kAsStored;
  uint32_t stored_bytes = 0;
  uint32_t unpacked_bytes = 0;
};

Shape ReadShape(TableReader& reader) {
  Shape shape;
  shape.kind = static_cast<PieceKind>(reader.Number(static_cast<uint64_t>(PieceKind::kMetadata)));
  shape.stored_bytes = reader.Length();
  shape.unpacked_bytes =
      shape.kind == PieceKind::kAsStored ? shape.stored_bytes : reader.Length(kMaxPieceBytes);
  return shape;
}

// Each range is filled to its end, and what that takes is in proportion.
Result<> CheckPieces(const PatchHeader& header) {
  auto piece = header.new_pieces.begin();
  for (const ByteRange& range : header.ranges) {
    uint64_t filled = 0;
    while (filled < range.length && piece != header.new_pieces.end()) {
      filled += (piece++)->stored_bytes;
    }
    if (filled != range.length) return Damaged("its pieces do not fill its ranges");
  }
  if (piece != header.new_pieces.end()) return Damaged("it has more pieces than its ranges hold");
  if (header.unpacked_bytes() > MaxUnpackedBytes(header.made_bytes())) {
    return Damaged("its pieces unpack to " + std::to_string(header.unpacked_bytes()) + " bytes");
  }
  return {};
}

Result<> ReadTable(std::span<const uint8_t> table, PatchHeader& header) {
  TableReader reader(table);
  MATIC_ASSIGN(header.ranges, ReadRanges(reader, header.new_bytes));
  MATIC_ASSIGN(header.samples, ReadRanges(reader, header.old_bytes));
  for (const ByteRange& sample : header.samples) {
    if (sample.length > kMaxPieceBytes) return Damaged("a sample is too long");
  }
  header.old_pieces.resize(reader.Count(3));
  uint64_t end = 0;
  for (OldPiece& piece : header.old_pieces) {
    piece.offset = end + reader.Number(header.old_bytes - end);
    const Shape shape = ReadShape(reader);
    if (!reader.good() || shape.stored_bytes > header.old_bytes - piece.offset) {
      return Damaged("a piece of the old image is outside of it");
    }
    piece = {shape.kind, piece.offset, shape.stored_bytes, shape.unpacked_bytes};
    end = piece.offset + piece.stored_bytes;
  }
  header.new_pieces.resize(reader.Count(2));
  for (NewPiece& piece : header.new_pieces) {
    const Shape shape = ReadShape(reader);
    piece = {shape.kind, shape.stored_bytes, shape.unpacked_bytes};
  }
  if (!reader.good() || !reader.at_end()) return Damaged("its table does not end where it should");
  return CheckPieces(header);
}

bool HasPacked(const PatchHeader& header) {
  const auto packed = [](const auto& piece) { return piece.kind != PieceKind::kAsStored; };
  return !header.samples.empty() || std::ranges::any_of(header.new_pieces, packed) ||
         std::ranges::any_of(header.old_pieces, packed);
}

void PutRanges(std::vector<uint8_t>& table, const std::vector<ByteRange>& ranges) {
  PutNumber(table, ranges.size());
  uint64_t end = 0;
  for (const ByteRange& range : ranges) {
    PutNumber(table, range.offset - end);
    PutNumber(table, range.length);
    end = range.offset + range.length;
  }
}

template <typename Piece>
void PutShape(std::vector<uint8_t>& table, const Piece& piece) {
  PutNumber(table, static_cast<uint64_t>(piece.kind));
  PutNumber(table, piece.stored_bytes);
  if (piece.kind != PieceKind::kAsStored) PutNumber(table, piece.unpacked_bytes);
}

std::vector<uint8_t> Table(const PatchHeader& header) {
  std::vector<uint8_t> table;
  PutRanges(table, header.ranges);
  PutRanges(table, header.samples);
  PutNumber(table, header.old_pieces.size());
  uint64_t end = 0;
  for (const OldPiece& piece : header.old_pieces) {
    PutNumber(table, piece.offset - end);
    PutShape(table, piece);
    end = piece.offset + piece.stored_bytes;
  }
  PutNumber(table, header.new_pieces.size());
  for (const NewPiece& piece : header.new_pieces) PutShape(table, piece);
  return table;
}

}  // namespace

uint64_t PatchHeader::made_bytes() const {
  uint64_t bytes = 0;
  for (const ByteRange& range : ranges) bytes += range.length;
  return bytes;
}

uint64_t PatchHeader::unpacked_bytes() const {
  uint64_t bytes = 0;
  for (const NewPiece& piece : new_pieces) bytes += piece.unpacked_bytes;
  return bytes;
}

Result<size_t> PatchHeaderBytes(std::span<const uint8_t> prefix) {
  if (prefix.size() < kPatchPrefixBytes ||
      !std::ranges::equal(prefix.first(kMagic.size()), kMagic)) {
    return Damaged("it does not begin with " + std::string(kMagic));
  }
  const uint32_t version = boot::Load32(prefix, kMagic.size());
  if (version != kVersion) {
    return Damaged("its version is " + std::to_string(version) + ", this program reads " +
                   std::to_string(kVersion));
  }
  const size_t length = boot::Load32(prefix, kLengthAt);
  if (length < kTableAt + kChecksumBytes || length > kMaxPatchHeaderBytes) {
    return Damaged("a header of " + std::to_string(length) + " bytes");
  }
  return length;
}

Result<PatchHeader> DecodePatchHeader(std::span<const uint8_t> bytes) {
  MATIC_ASSIGN(const size_t length, PatchHeaderBytes(bytes));
  if (bytes.size() != length) return Damaged("its header is cut short");
  const auto covered = bytes.first(length - kChecksumBytes);
  if (boot::Crc32(covered) != boot::Load32(bytes, covered.size())) {
    return Damaged("its header's checksum is wrong");
  }
  PatchHeader header;
  header.old_bytes = boot::Load64(bytes, kOldBytesAt);
  header.new_bytes = boot::Load64(bytes, kNewBytesAt);
  std::ranges::copy(bytes.subspan(kOldDigestAt, 32), header.old_sha256.begin());
  std::ranges::copy(bytes.subspan(kNewDigestAt, 32), header.new_sha256.begin());
  const uint32_t level = boot::Load32(bytes, kLevelAt);
  if (level > kMaxLevel) return Damaged("level " + std::to_string(level));
  header.level = static_cast<int>(level);
  const auto packer = bytes.subspan(kPackerAt, kPackerBytes);
  header.packer_version.assign(packer.begin(), std::ranges::find(packer, uint8_t{0}));
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  if (header.packer_version.size() == kPackerBytes ||
      !std::ranges::all_of(header.packer_version, printable)) {
    return Damaged("its packer's version is no text");
  }
  const uint32_t table_bytes = boot::Load32(bytes, kTableBytesAt);
  if (table_bytes > kMaxPatchHeaderBytes) return Damaged("its table is too long");
  MATIC_ASSIGN(const auto table, UnpackTable(covered.subspan(kTableAt), table_bytes));
  MATIC_TRY(ReadTable(table, header));
  if (header.level == 0 && HasPacked(header)) return Damaged("packed pieces without a packer");
  return header;
}

Result<std::vector<uint8_t>> EncodePatchHeader(const PatchHeader& header) {
  const std::vector<uint8_t> table = Table(header);
  MATIC_ASSIGN(const auto packed, PackTable(table));
  const size_t length = kTableAt + packed.size() + kChecksumBytes;
  if (length > kMaxPatchHeaderBytes || table.size() > kMaxPatchHeaderBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "patch: the images differ in too many places for one (" +
                    std::to_string(header.new_pieces.size()) + " blocks)");
  }
  std::vector<uint8_t> file(length);
  const std::span<uint8_t> bytes(file);
  std::ranges::copy(kMagic, bytes.begin());
  boot::Store32(bytes, kMagic.size(), kVersion);
  boot::Store32(bytes, kLengthAt, static_cast<uint32_t>(length));
  boot::Store64(bytes, kOldBytesAt, header.old_bytes);
  std::ranges::copy(header.old_sha256, bytes.subspan(kOldDigestAt).begin());
  boot::Store64(bytes, kNewBytesAt, header.new_bytes);
  std::ranges::copy(header.new_sha256, bytes.subspan(kNewDigestAt).begin());
  boot::Store32(bytes, kLevelAt, static_cast<uint32_t>(header.level));
  std::ranges::copy(std::string_view(header.packer_version).substr(0, kPackerBytes - 1),
                    bytes.subspan(kPackerAt).begin());
  boot::Store32(bytes, kTableBytesAt, static_cast<uint32_t>(table.size()));
  std::ranges::copy(packed, bytes.subspan(kTableAt).begin());
  boot::Store32(bytes, length - kChecksumBytes, boot::Crc32(bytes.first(length - kChecksumBytes)));
  return file;
}

}  // namespace matic::delta
