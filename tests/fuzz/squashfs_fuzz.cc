// What a slot holds, of which the agent makes an index: anything that begins as a squashfs does.
// The input is the slot's bytes.

#include "lib/delta/index_image.h"
#include "lib/squashfs/layout.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_device.h"

namespace {

using namespace matic;

void ClaimCovered(const squashfs::Layout& layout, uint64_t space) {
  FUZZ_CLAIM(layout.superblock.bytes <= space);
  uint64_t end = 0;
  for (const squashfs::Block& block : layout.blocks) {
    FUZZ_CLAIM(block.offset == end && block.stored_bytes > 0);
    FUZZ_CLAIM(block.stored_bytes <= squashfs::kMaxBlockBytes + squashfs::kMetadataHeaderBytes);
    end += block.stored_bytes;
  }
  FUZZ_CLAIM(end == layout.superblock.bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  fuzz::MemoryDevice device(bytes);
  const auto layout = squashfs::ReadLayout(device);
  FUZZ_CLAIM(layout || !layout.error().message.empty());
  if (layout) ClaimCovered(*layout, size);
  const auto index = delta::IndexImage(device, size);
  if (!index) {
    FUZZ_CLAIM(!layout && !index.error().message.empty());
    return 0;
  }
  uint64_t at = 0;
  for (const delta::IndexedChunk& chunk : index->chunks) {
    FUZZ_CLAIM(chunk.length > 0 && chunk.length <= delta::kMaxChunkBytes);
    FUZZ_CLAIM(chunk.length <= size - at);
    FUZZ_CLAIM(chunk.sha256 == crypto::Sha256Of(bytes.subspan(at, chunk.length)));
    at += chunk.length;
  }
  FUZZ_CLAIM(at == size);
  return 0;
}
