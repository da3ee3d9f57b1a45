#include "lib/delta/old_content.h"

#include <algorithm>
#include <string>

#include "lib/squashfs/layout.h"

namespace matic::delta {

Result<OldContent> OldContent::Open(BlockDevice& old_image, std::vector<OldPiece> pieces) {
  MATIC_ASSIGN(auto unpacker, squashfs::Unpacker::Create(squashfs::kZstd, kMaxPieceBytes));
  return OldContent(old_image, std::move(pieces), std::move(unpacker));
}

OldContent::OldContent(BlockDevice& old_image, std::vector<OldPiece> pieces,
                       squashfs::Unpacker unpacker)
    : old_image_(&old_image), pieces_(std::move(pieces)), unpacker_(std::move(unpacker)) {
  starts_.reserve(pieces_.size() + 1);
  starts_.push_back(0);
  for (const OldPiece& piece : pieces_) starts_.push_back(starts_.back() + piece.unpacked_bytes);
}

std::vector<uint8_t> OldContent::Unpack(const OldPiece& piece) {
  unpacked_bytes_ += piece.unpacked_bytes;
  std::vector<uint8_t> stored(piece.stored_bytes);
  if (!old_image_->Read(piece.offset, stored)) return {};
  if (piece.kind == PieceKind::kAsStored) return stored;
  const size_t header = piece.kind == PieceKind::kMetadata ? squashfs::kMetadataHeaderBytes : 0;
  if (stored.size() <= header) return {};
  std::vector<uint8_t> bytes(piece.unpacked_bytes);
  const auto size = unpacker_.Unpack(std::span(stored).subspan(header), bytes);
  if (!size || *size != bytes.size()) return {};
  return bytes;
}

const std::vector<uint8_t>& OldContent::Piece(size_t index) {
  const auto found = cache_.find(index);
  if (found != cache_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second.place);
    return found->second.bytes;
  }
  std::vector<uint8_t> bytes = Unpack(pieces_[index]);
  cached_bytes_ += bytes.size();
  while (cached_bytes_ > kCachedBytes && !by_use_.empty()) {
    const auto oldest = cache_.find(by_use_.back());
    cached_bytes_ -= oldest->second.bytes.size();
    cache_.erase(oldest);
    by_use_.pop_back();
  }
  by_use_.push_front(index);
  return cache_.emplace(index, Unpacked{std::move(bytes), by_use_.begin()}).first->second.bytes;
}

Result<bool> OldContent::AddTo(uint64_t position, std::span<uint8_t> bytes) {
  if (position > size() || bytes.size() > size() - position) {
    return Fail(ErrorCode::kInvalidArgument, "position " + std::to_string(position) +
                                                 " is beyond the " + std::to_string(size()) +
                                                 " bytes of the old image that are used");
  }
  bool good = true;
  while (!bytes.empty()) {
    const auto after = std::ranges::upper_bound(starts_, position);
    const auto index = static_cast<size_t>(after - starts_.begin()) - 1;
    const std::vector<uint8_t>& piece = Piece(index);
    const auto skip = static_cast<size_t>(position - starts_[index]);
    const size_t part = std::min<uint64_t>(bytes.size(), pieces_[index].unpacked_bytes - skip);
    good = good && !piece.empty();
    for (size_t i = 0; good && i < part; ++i) {
      bytes[i] = static_cast<uint8_t>(bytes[i] + piece[skip + i]);
    }
    bytes = bytes.subspan(part);
    position += part;
  }
  return good;
}

}  // namespace matic::delta
