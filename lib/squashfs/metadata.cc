#include "lib/squashfs/metadata.h"

#include <algorithm>
#include <string>

#include "boot/policy/little_endian.h"

namespace matic::squashfs {
namespace {

constexpr uint16_t kUnpacked = 0x8000;

tl::unexpected<Error> Damaged(uint64_t offset, const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "squashfs: metadata at " + std::to_string(offset) + ": " + what);
}

}  // namespace

Result<MetadataBlock> ReadMetadataBlock(MetadataSource& source, uint64_t offset, uint64_t limit,
                                        std::span<uint8_t> unpacked) {
  if (source.stop.stop_requested()) {
    return Fail(ErrorCode::kCancelled, "squashfs: stopped while reading its metadata");
  }
  if (offset > limit || limit - offset < kMetadataHeaderBytes) {
    return Damaged(offset, "it ends within a header");
  }
  MATIC_ASSIGN(const auto header, source.window.Read(offset, kMetadataHeaderBytes));
  const uint16_t field = boot::Load16(header, 0);
  const uint32_t bytes = field & static_cast<uint16_t>(~kUnpacked);
  MetadataBlock read;
  read.block = {offset, kMetadataHeaderBytes + bytes, BlockKind::kMetadata,
                (field & kUnpacked) == 0};
  if (bytes == 0 || bytes > kMetadataBytes || read.block.stored_bytes > limit - offset) {
    return Damaged(offset, "a block of " + std::to_string(bytes) + " bytes");
  }
  MATIC_TRY(source.found.Add(read.block));
  if (unpacked.empty()) return read;
  MATIC_ASSIGN(const auto stored, source.window.Read(offset + kMetadataHeaderBytes, bytes));
  if (read.block.packed) {
    MATIC_ASSIGN(read.unpacked_bytes, source.unpacker.Unpack(stored, unpacked));
  } else {
    std::ranges::copy(stored, unpacked.begin());
    read.unpacked_bytes = bytes;
  }
  return read;
}

Result<> WalkMetadata(MetadataSource& source, uint64_t from, uint64_t to) {
  while (from < to) {
    MATIC_ASSIGN(const auto read, ReadMetadataBlock(source, from, to, {}));
    from += read.block.stored_bytes;
  }
  return {};
}

MetadataStream::MetadataStream(MetadataSource& source, uint64_t from, uint64_t to)
    : source_(source), at_(from), to_(to) {}

Result<> MetadataStream::Next() {
  MATIC_ASSIGN(const auto read, ReadMetadataBlock(source_, at_, to_, unpacked_));
  at_ += read.block.stored_bytes;
  left_ = std::span(unpacked_).first(read.unpacked_bytes);
  return {};
}

Result<> MetadataStream::Read(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    if (left_.empty()) MATIC_TRY(Next());
    const size_t part = std::min(left_.size(), bytes.size());
    std::ranges::copy(left_.first(part), bytes.begin());
    left_ = left_.subspan(part);
    bytes = bytes.subspan(part);
  }
  return {};
}

Result<> MetadataStream::Skip(uint64_t bytes) {
  while (bytes > 0) {
    if (left_.empty()) MATIC_TRY(Next());
    const size_t part = static_cast<size_t>(std::min<uint64_t>(left_.size(), bytes));
    left_ = left_.subspan(part);
    bytes -= part;
  }
  return {};
}

Result<> MetadataStream::Finish() {
  left_ = {};
  return WalkMetadata(source_, at_, to_);
}

}  // namespace matic::squashfs
