// An index damaged anywhere, its checksum mended or not: it is refused, or it holds together.
#include <gtest/gtest.h>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "tests/fakes/broken_text.h"
#include "tests/unit/lib/delta/small_index.h"

namespace matic::delta {
namespace {

TEST(BrokenIndex, IsRefusedOrHoldsTogether) {
  const std::vector<uint8_t> good = EncodeIndex(MakeSmallIndex(50));
  size_t refused = 0;
  for (const std::string& text : fakes::Broken(std::string(good.begin(), good.end()), 2000)) {
    for (const bool mend : {false, true}) {
      std::vector<uint8_t> file(text.begin(), text.end());
      if (mend && file.size() >= 4) {
        boot::Store32(file, file.size() - 4, boot::Crc32(std::span(file).first(file.size() - 4)));
      }
      const auto index = DecodeIndex(file);
      if (!index) {
        EXPECT_EQ(index.error().code, ErrorCode::kCorrupt);
        EXPECT_LE(index.error().message.size(), 200U);
        ++refused;
        continue;
      }
      uint64_t bytes = 0;
      for (const IndexedChunk& chunk : index->chunks) {
        ASSERT_GT(chunk.length, 0U);
        ASSERT_LE(chunk.length, kMaxChunkBytes);
        bytes += chunk.length;
      }
      EXPECT_EQ(bytes, index->image_bytes);
      EXPECT_EQ(EncodeIndex(*index), file);
    }
  }
  EXPECT_GT(refused, 2000U);
}

}  // namespace
}  // namespace matic::delta
