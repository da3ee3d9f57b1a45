// The part of an image that a patch makes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "agent/transfer/delta_offer.h"
#include "agent/transfer/file_stream.h"
#include "lib/delta/patch_applier.h"
#include "lib/os/block_device.h"

namespace matic::transfer {

// Whether what is fetched counts, or how long it takes.
enum class Aim { kLeastTime, kLeastBytes };

class PatchWay {
 public:
  // Begins to fetch the patch, and tries whether it is of use here; `stream` gives it. Why not is
  // the error: kNotFound where there is none, kCorrupt where it is none or one between other
  // images, kUnavailable where this machine's packer is another. kRefused: fetching the
  // `ranges_bytes` that it spares is faster, as far as `aim` asks for that.
  static Result<std::unique_ptr<PatchWay>> Open(std::unique_ptr<FileStream> stream,
                                                BlockDevice& running,
                                                const crypto::Digest& running_sha256,
                                                const delta::ChunkIndex& wanted,
                                                uint64_t ranges_bytes, Aim aim, Clock& clock,
                                                std::stop_token stop);

  std::span<const delta::ByteRange> ranges() const { return applier_->header().ranges; }
  // As delta::PatchApplier::Read.
  Result<bool> Read(uint64_t offset, std::span<uint8_t> bytes) {
    return applier_->Read(offset, bytes);
  }

 private:
  PatchWay(std::unique_ptr<FileStream> stream, std::unique_ptr<delta::PatchApplier> applier)
      : stream_(std::move(stream)), applier_(std::move(applier)) {}

  std::unique_ptr<FileStream> stream_;
  std::unique_ptr<delta::PatchApplier> applier_;  // reads the stream
};

}  // namespace matic::transfer
