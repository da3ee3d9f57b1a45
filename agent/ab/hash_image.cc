#include "agent/ab/hash_image.h"

#include <algorithm>

#include "boot/policy/section_table.h"
#include "lib/os/aligned_buffer.h"

namespace matic::ab {
namespace {

constexpr size_t kBlock = boot::kImageBlockBytes;
constexpr size_t kReadBytes = 2 * 1024 * 1024;

}  // namespace

Result<> AddImage(crypto::Sha256& hash, BlockDevice& slot, uint64_t size,
                  const VerifyProgress& progress, std::stop_token stop) {
  AlignedBuffer buffer(kReadBytes);
  for (uint64_t done = 0; done < size;) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while verifying");
    const uint64_t left = size - done;
    const uint64_t whole_blocks = (left + kBlock - 1) / kBlock * kBlock;
    const uint64_t length = std::min<uint64_t>(buffer.size(), whole_blocks);
    MATIC_TRY(slot.Read(done, buffer.bytes().first(length)));
    const uint64_t counts = std::min<uint64_t>(length, left);
    hash.Update(buffer.bytes().first(counts));
    done += counts;
    progress(done);
  }
  return {};
}

Result<crypto::Digest> HashImage(BlockDevice& slot, uint64_t size, const VerifyProgress& progress,
                                 std::stop_token stop) {
  crypto::Sha256 hash;
  MATIC_TRY(AddImage(hash, slot, size, progress, std::move(stop)));
  return hash.Finish();
}

}  // namespace matic::ab
