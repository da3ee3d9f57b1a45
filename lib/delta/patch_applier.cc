#include "lib/delta/patch_applier.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <utility>

#include "lib/delta/piece_packer.h"
#include "lib/squashfs/codec.h"
#include "lib/squashfs/layout.h"

namespace matic::delta {
namespace {

constexpr unsigned kMaxPackers = 4;
// Of unpacked content that waits for packers, or for the caller.
constexpr uint64_t kAheadBytes = 3 * 1024 * 1024;

unsigned PackersOf(unsigned asked) {
  return asked == 0 ? DefaultPackers() : std::min(asked, kMaxPackers);
}

class StreamApplier final : public PatchApplier {
 public:
  StreamApplier(PatchHeader header, PatchReader reader, BlockDevice& old_image, OldContent old,
                const ApplyOptions& options)
      : header_(std::move(header)),
        old_image_(old_image),
        content_(std::move(reader), std::move(old)),
        packers_(PackersOf(options.packers), std::max(1, header_.level)),
        stop_(options.stop) {
    if (!header_.ranges.empty()) next_offset_ = header_.ranges.front().offset;
  }

  const PatchHeader& header() const override { return header_; }

  Result<> TryPacker() override {
    if (header_.samples.empty()) return {};
    MATIC_ASSIGN(auto unpacker, squashfs::Unpacker::Create(squashfs::kZstd, kMaxPieceBytes));
    squashfs::Packer packer(header_.level);
    std::vector<uint8_t> room(kMaxPieceBytes);
    for (const ByteRange& sample : header_.samples) {
      std::vector<uint8_t> stored(sample.length);
      MATIC_TRY(old_image_.Read(sample.offset, stored));
      const auto unpacked = unpacker.Unpack(stored, room);
      if (!unpacked) return Fail(unpacked.error().Context("patch: a sample of the old image"));
      MATIC_ASSIGN(const auto again, packer.Pack(std::span(room).first(*unpacked)));
      if (again != stored) {
        return Fail(ErrorCode::kUnavailable, "patch: it takes zstd " + header_.packer_version +
                                                 "; zstd " + squashfs::Packer::Version() +
                                                 " of this machine packs otherwise");
      }
    }
    return {};
  }

  Result<bool> Read(uint64_t offset, std::span<uint8_t> bytes) override {
    if (offset < read_to_ || !IsMade(offset, bytes.size())) {
      return Fail(ErrorCode::kInvalidArgument, "patch: it does not make " +
                                                   std::to_string(bytes.size()) + " bytes at " +
                                                   std::to_string(offset) + ", or not again");
    }
    read_to_ = offset + bytes.size();
    bool good = true;
    while (!bytes.empty()) {
      MATIC_ASSIGN(const auto work, WorkAt(offset));
      packers_.WaitFor(*work);
      const auto skip = static_cast<size_t>(offset - work->offset);
      const size_t part = std::min<size_t>(bytes.size(), work->piece.stored_bytes - skip);
      if (work->bytes.empty()) {
        good = false;
      } else {
        std::ranges::copy(std::span(work->bytes).subspan(skip, part), bytes.begin());
      }
      bytes = bytes.subspan(part);
      offset += part;
    }
    return good;
  }

 private:
  bool IsMade(uint64_t offset, uint64_t length) const {
    return std::ranges::any_of(header_.ranges, [&](const ByteRange& range) {
      return offset >= range.offset && length <= range.length &&
             offset - range.offset <= range.length - length;
    });
  }

  // The piece that the byte at `offset` is in; those before it are let go.
  Result<std::shared_ptr<PieceWork>> WorkAt(uint64_t offset) {
    while (true) {
      while (!ahead_.empty() && End(*ahead_.front()) <= offset) {
        ahead_bytes_ -= ahead_.front()->piece.unpacked_bytes;
        ahead_.pop_front();
      }
      while (next_piece_ < header_.new_pieces.size() &&
             (ahead_.empty() || ahead_bytes_ < kAheadBytes)) {
        MATIC_TRY(MakeNext(offset));
      }
      if (ahead_.empty()) return Fail(ErrorCode::kInternal, "patch: no piece is left");
      if (End(*ahead_.front()) > offset) return ahead_.front();
    }
  }

  static uint64_t End(const PieceWork& work) { return work.offset + work.piece.stored_bytes; }

  // Pieces that end at `wanted` or before are made for those behind them only, and not packed.
  Result<> MakeNext(uint64_t wanted) {
    if (stop_.stop_requested()) return Fail(ErrorCode::kCancelled, "patch: stopped");
    auto work = std::make_shared<PieceWork>();
    work->piece = header_.new_pieces[next_piece_++];
    work->offset = next_offset_;
    work->bytes.resize(work->piece.unpacked_bytes);
    MATIC_ASSIGN(const bool good, content_.Read(work->bytes));
    if (content_.old_bytes_unpacked() > MaxUnpackedBytes(unpacked_ += work->bytes.size())) {
      return Fail(ErrorCode::kRefused, "patch: it jumps about in the old image");
    }
    Advance(work->piece.stored_bytes);
    if (!good) work->bytes.clear();
    if (End(*work) <= wanted) return {};
    ahead_bytes_ += work->piece.unpacked_bytes;
    if (good) packers_.Begin(work);
    ahead_.push_back(std::move(work));
    return {};
  }

  void Advance(uint64_t bytes) {
    next_offset_ += bytes;
    const ByteRange& range = header_.ranges[range_];
    if (next_offset_ < range.offset + range.length || range_ + 1 == header_.ranges.size()) return;
    next_offset_ = header_.ranges[++range_].offset;
  }

  PatchHeader header_;
  BlockDevice& old_image_;
  NewContent content_;
  std::deque<std::shared_ptr<PieceWork>> ahead_;
  uint64_t ahead_bytes_ = 0;
  size_t next_piece_ = 0;
  size_t range_ = 0;
  uint64_t next_offset_ = 0;
  uint64_t read_to_ = 0;
  uint64_t unpacked_ = 0;
  Packers packers_;
  std::stop_token stop_;
};

}  // namespace

unsigned DefaultPackers() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMaxPackers);
}

Result<std::unique_ptr<PatchApplier>> PatchApplier::Open(PatchReader patch, BlockDevice& old_image,
                                                         const ApplyOptions& options) {
  std::vector<uint8_t> bytes(kPatchPrefixBytes);
  MATIC_TRY(ReadAll(patch, bytes));
  MATIC_ASSIGN(const size_t length, PatchHeaderBytes(bytes));
  bytes.resize(length);
  MATIC_TRY(ReadAll(patch, std::span(bytes).subspan(kPatchPrefixBytes)));
  MATIC_ASSIGN(PatchHeader header, DecodePatchHeader(bytes));
  if (header.old_bytes > old_image.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                "patch: it takes an old image of " + std::to_string(header.old_bytes) +
                    " bytes, there are " + std::to_string(old_image.size()));
  }
  MATIC_ASSIGN(auto old, OldContent::Open(old_image, header.old_pieces));
  return std::make_unique<StreamApplier>(std::move(header), std::move(patch), old_image,
                                         std::move(old), options);
}

}  // namespace matic::delta
