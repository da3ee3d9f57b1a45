#include "lib/patching/build_patch.h"

#include <algorithm>
#include <array>
#include <string>

#include "boot/policy/little_endian.h"
#include "lib/delta/patch_applier.h"
#include "lib/delta/varint.h"
#include "lib/delta/zstd_stream.h"
#include "lib/patching/differences.h"
#include "lib/patching/image_pieces.h"
#include "lib/squashfs/codec.h"

namespace matic::patching {
namespace {

using delta::ByteRange;
using delta::PatchHeader;
using delta::PatchStep;

// mksquashfs's own, where the squashfs does not say another.
constexpr int kDefaultLevel = 15;

// Writes steps as frames, each of which makes at most kFrameMakesBytes.
class FrameWriter {
 public:
  FrameWriter(std::span<const uint8_t> old_content, std::span<const uint8_t> new_content,
              std::vector<uint8_t>& file)
      : old_(old_content), new_(new_content), file_(file) {}

  Result<> Add(uint64_t new_at, PatchStep step) {
    while (step.add + step.extra > 0) {
      const uint64_t room = delta::kFrameMakesBytes - made_;
      const PatchStep part{step.seek, std::min(step.add, room),
                           std::min(step.extra, room - std::min(step.add, room))};
      Put(new_at, part);
      step = {0, step.add - part.add, step.extra - part.extra};
      new_at += part.add + part.extra;
      if (made_ == delta::kFrameMakesBytes) MATIC_TRY(EndFrame());
    }
    return {};
  }

  Result<> EndFrame() {
    if (steps_ == 0) return {};
    MATIC_ASSIGN(const auto control, control_stream_.Pack(control_));
    MATIC_ASSIGN(const auto differences, differences_stream_.Pack(differences_));
    MATIC_ASSIGN(const auto extra, extra_stream_.Pack(extra_));
    std::array<uint8_t, delta::kFrameHeaderBytes> header{};
    boot::Store32(header, 0, steps_);
    boot::Store32(header, 4, static_cast<uint32_t>(control.size()));
    boot::Store32(header, 8, static_cast<uint32_t>(differences.size()));
    boot::Store32(header, 12, static_cast<uint32_t>(extra.size()));
    file_.insert(file_.end(), header.begin(), header.end());
    for (const auto* stream : {&control, &differences, &extra}) {
      file_.insert(file_.end(), stream->begin(), stream->end());
    }
    control_.clear();
    differences_.clear();
    extra_.clear();
    steps_ = 0;
    made_ = 0;
    return {};
  }

 private:
  void Put(uint64_t new_at, const PatchStep& step) {
    delta::PutSigned(control_, step.seek);
    delta::PutNumber(control_, step.add);
    delta::PutNumber(control_, step.extra);
    old_at_ += static_cast<uint64_t>(step.seek);
    for (uint64_t i = 0; i < step.add; ++i) {
      differences_.push_back(static_cast<uint8_t>(new_[new_at + i] - old_[old_at_ + i]));
    }
    old_at_ += step.add;
    const auto extra = new_.subspan(new_at + step.add, step.extra);
    extra_.insert(extra_.end(), extra.begin(), extra.end());
    ++steps_;
    made_ += step.add + step.extra;
  }

  std::span<const uint8_t> old_;
  std::span<const uint8_t> new_;
  std::vector<uint8_t>& file_;
  uint64_t old_at_ = 0;
  uint32_t steps_ = 0;
  uint64_t made_ = 0;
  std::vector<uint8_t> control_;
  std::vector<uint8_t> differences_;
  std::vector<uint8_t> extra_;
  delta::PackStream control_stream_;
  delta::PackStream differences_stream_;
  delta::PackStream extra_stream_;
};

PatchHeader Describe(const Image& before, const Image& after) {
  PatchHeader header;
  header.old_bytes = before.index.image_bytes;
  header.old_sha256 = before.index.image_sha256;
  header.new_bytes = after.index.image_bytes;
  header.new_sha256 = after.index.image_sha256;
  header.ranges = NotIn(after.index, before.index);
  const auto is_zstd = [](const Image& image) {
    return image.layout.superblock.compressor == squashfs::kZstd;
  };
  if (is_zstd(before) || is_zstd(after)) {
    const int told = after.layout.superblock.level;
    header.level = told == 0 ? kDefaultLevel : told;
    header.packer_version = squashfs::Packer::Version();
  }
  return header;
}

// The new image made with it, compared byte by byte.
Result<> TryPatch(const std::vector<uint8_t>& file, BlockDevice& old_image, BlockDevice& new_image,
                  const std::stop_token& stop) {
  size_t at = 0;
  const delta::PatchReader reader = [&](std::span<uint8_t> bytes) -> Result<size_t> {
    const size_t part = std::min(bytes.size(), file.size() - at);
    std::ranges::copy(std::span(file).subspan(at, part), bytes.begin());
    at += part;
    return part;
  };
  MATIC_ASSIGN(auto applier, delta::PatchApplier::Open(reader, old_image, {.stop = stop}));
  MATIC_TRY(applier->TryPacker());
  std::vector<uint8_t> made;
  std::vector<uint8_t> wanted;
  for (const ByteRange& range : applier->header().ranges) {
    for (uint64_t done = 0; done < range.length; done += made.size()) {
      made.resize(std::min<uint64_t>(range.length - done, delta::kMaxPieceBytes));
      wanted.resize(made.size());
      MATIC_ASSIGN(const bool good, applier->Read(range.offset + done, made));
      MATIC_TRY(new_image.Read(range.offset + done, wanted));
      if (!good || made != wanted) {
        return Fail(ErrorCode::kInternal, "the patch does not make the image: tried at " +
                                              std::to_string(range.offset + done));
      }
    }
  }
  return {};
}

}  // namespace

Result<BuiltPatch> BuildPatch(BlockDevice& old_image, BlockDevice& new_image,
                              const std::stop_token& stop) {
  MATIC_ASSIGN(const Image before, ReadImage(old_image, stop));
  MATIC_ASSIGN(const Image after, ReadImage(new_image, stop));
  BuiltPatch built;
  PatchHeader& header = built.header;
  header = Describe(before, after);
  if (header.ranges.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the old image has every chunk of the new one");
  }
  const auto gone = NotIn(before.index, after.index);
  MATIC_ASSIGN(auto old_pieces, ReadPieces(old_image, before, gone, 0, stop));
  MATIC_ASSIGN(const auto new_pieces,
               ReadPieces(new_image, after, header.ranges, header.level, stop));
  if (header.level > 0) {
    MATIC_ASSIGN(header.samples, FindSamples(old_image, before, gone, header.level));
  }
  for (const delta::OldPiece& piece : new_pieces.pieces) {
    header.new_pieces.push_back({piece.kind, piece.stored_bytes, piece.unpacked_bytes});
  }
  header.old_pieces = std::move(old_pieces.pieces);
  MATIC_ASSIGN(built.file, delta::EncodePatchHeader(header));
  FrameWriter writer(old_pieces.content, new_pieces.content, built.file);
  MATIC_TRY(FindDifferences(
      old_pieces.content, new_pieces.content,
      [&](uint64_t new_at, const PatchStep& step) { return writer.Add(new_at, step); }, stop));
  MATIC_TRY(writer.EndFrame());
  const Result<> tried = TryPatch(built.file, old_image, new_image, stop);
  // It is a patch, but takes more work than one may.
  if (!tried && tried.error().code == ErrorCode::kRefused) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "the images have so little in common that a patch is no help; without one, machines "
        "fetch what is new");
  }
  MATIC_TRY(tried);
  return built;
}

}  // namespace matic::patching
