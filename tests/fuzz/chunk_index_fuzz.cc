// The index beside an image. The input is a flag (mend the checksum), then the file.

#include <algorithm>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "lib/delta/chunk_index.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace matic;
  fuzz::Input input(data, size);
  const bool mend = input.Flag();
  const auto rest = input.Rest();
  std::vector<uint8_t> file(rest.begin(), rest.end());
  if (mend && file.size() >= 4) {
    boot::Store32(file, file.size() - 4, boot::Crc32(std::span(file).first(file.size() - 4)));
  }
  const auto index = delta::DecodeIndex(file);
  if (!index) {
    FUZZ_CLAIM(index.error().code == ErrorCode::kCorrupt);
    return 0;
  }
  uint64_t bytes = 0;
  for (const delta::IndexedChunk& chunk : index->chunks) {
    FUZZ_CLAIM(chunk.length > 0 && chunk.length <= delta::kMaxChunkBytes);
    bytes += chunk.length;
  }
  FUZZ_CLAIM(bytes == index->image_bytes);
  FUZZ_CLAIM(delta::EncodeIndex(*index) == file);
  return 0;
}
