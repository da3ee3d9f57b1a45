#include "agent/transfer/patch_way.h"

#include <string>
#include <utility>

#include "agent/transfer/ways.h"

namespace matic::transfer {
namespace {

using Seconds = Ways::Seconds;

Result<> CheckImages(const delta::PatchHeader& header, const crypto::Digest& running_sha256,
                     const delta::ChunkIndex& wanted) {
  if (header.old_sha256 == running_sha256 && header.new_sha256 == wanted.image_sha256 &&
      header.new_bytes == wanted.image_bytes) {
    return {};
  }
  return Fail(ErrorCode::kCorrupt, "patch: it is one from " + crypto::ToHex(header.old_sha256) +
                                       " to " + crypto::ToHex(header.new_sha256));
}

// How long packing all that the patch makes takes here, by how long its samples took.
Seconds TimeToMake(const delta::PatchHeader& header, Seconds samples_took) {
  uint64_t samples = 0;
  for (const delta::ByteRange& sample : header.samples) samples += sample.length;
  if (samples == 0) return {};
  const double times = static_cast<double>(header.made_bytes()) / static_cast<double>(samples);
  return samples_took * times / delta::DefaultPackers();
}

// No machine packs more in a second on one processor.
constexpr double kFastestPacking = 20e6;

Seconds LeastTimeToMake(const delta::PatchHeader& header) {
  if (header.level == 0) return {};
  uint64_t packed = 0;
  for (const delta::NewPiece& piece : header.new_pieces) {
    if (piece.kind != delta::PieceKind::kAsStored) packed += piece.unpacked_bytes;
  }
  return Seconds(static_cast<double>(packed) / kFastestPacking / delta::DefaultPackers());
}

std::string InSeconds(Seconds time) {
  return std::to_string(std::chrono::round<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

Result<std::unique_ptr<PatchWay>> PatchWay::Open(std::unique_ptr<FileStream> stream,
                                                 BlockDevice& running,
                                                 const crypto::Digest& running_sha256,
                                                 const delta::ChunkIndex& wanted,
                                                 uint64_t ranges_bytes, Aim aim, Clock& clock,
                                                 std::stop_token stop) {
  FileStream& patch = *stream;
  MATIC_ASSIGN(auto applier, delta::PatchApplier::Open(
                                 [&patch](std::span<uint8_t> bytes) { return patch.Read(bytes); },
                                 running, {.packers = 0, .stop = std::move(stop)}));
  MATIC_TRY(CheckImages(applier->header(), running_sha256, wanted));
  const auto is_worth_it = [&](Seconds making) -> Result<> {
    if (aim == Aim::kLeastBytes) return {};
    const double link = patch.AwaitBytesPerSecond();
    if (link == 0) return {};
    const Ways ways{.bytes_a_second = link,
                    .ranges_bytes = ranges_bytes,
                    .patch_bytes = patch.BytesToCome().value_or(0),
                    .making = making};
    if (ways.patch_is_faster()) return {};
    return Fail(ErrorCode::kRefused, "patch: it would take " + InSeconds(ways.by_patch()) +
                                         " or more, fetching what it makes " +
                                         InSeconds(ways.by_ranges()));
  };
  MATIC_TRY(is_worth_it(LeastTimeToMake(applier->header())));
  const BootTime begun = clock.SinceBoot();
  MATIC_TRY(applier->TryPacker());
  MATIC_TRY(is_worth_it(TimeToMake(applier->header(), clock.SinceBoot() - begun)));
  return std::unique_ptr<PatchWay>(new PatchWay(std::move(stream), std::move(applier)));
}

}  // namespace matic::transfer
