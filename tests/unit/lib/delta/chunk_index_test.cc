#include "lib/delta/chunk_index.h"

#include <gtest/gtest.h>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "tests/unit/lib/delta/small_index.h"

namespace matic::delta {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(ChunkIndex, ReadsWhatItWrote) {
  const ChunkIndex index = MakeSmallIndex(1000);
  const Bytes file = EncodeIndex(index);
  EXPECT_EQ(file.size(), 56U + 1000U * 36 + 4);
  EXPECT_LE(file.size(), MaxIndexBytes(index.image_bytes));
  const auto read = DecodeIndex(file);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, index);
}

TEST(ChunkIndex, MayBeOfNothing) {
  const auto read = DecodeIndex(EncodeIndex({}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->chunks.empty());
}

// docs/formats.md, "Chunk index".
TEST(ChunkIndex, HasItsFieldsWhereTheFormatSays) {
  const Bytes file = EncodeIndex(MakeSmallIndex(2));
  EXPECT_EQ(std::string(file.begin(), file.begin() + 8), "MATICIDX");
  EXPECT_EQ(boot::Load32(file, 8), 1U);
  EXPECT_EQ(boot::Load32(file, 12), 2U);
  EXPECT_EQ(boot::Load64(file, 16), MakeSmallIndex(2).image_bytes);
  EXPECT_EQ(boot::Load32(file, 56), MakeSmallIndex(2).chunks[0].length);
  EXPECT_EQ(boot::Load32(file, 56 + 72), boot::Crc32(std::span(file).first(56 + 72)));
}

struct Damage {
  std::string name;
  void (*make)(Bytes&);
  std::string told;
};

class DamagedIndex : public testing::TestWithParam<Damage> {};

TEST_P(DamagedIndex, IsRefusedWithWhatIsWrong) {
  Bytes file = EncodeIndex(MakeSmallIndex(10));
  GetParam().make(file);
  const auto read = DecodeIndex(file);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(read.error().message.find(GetParam().told), std::string::npos) << read.error().message;
}

void Mend(Bytes& file) {
  boot::Store32(file, file.size() - 4, boot::Crc32(std::span(file).first(file.size() - 4)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, DamagedIndex,
    testing::Values(
        Damage{"Empty", [](Bytes& f) { f.clear(); }, "MATICIDX"},
        Damage{"Magic", [](Bytes& f) { f[0] = 'm'; }, "MATICIDX"},
        Damage{"Version", [](Bytes& f) { f[8] = 2; }, "version is 2"},
        Damage{"CutShort", [](Bytes& f) { f.pop_back(); }, "10 chunks make"},
        Damage{"Count", [](Bytes& f) { boot::Store32(f, 12, 0xffffffff); }, "chunks make"},
        Damage{"Checksum", [](Bytes& f) { f[100] ^= 1; }, "checksum"},
        Damage{"EmptyChunk", [](Bytes& f) { boot::Store32(f, 56, 0), Mend(f); }, "chunk 0 has 0"},
        Damage{"LongChunk", [](Bytes& f) { boot::Store32(f, 92, kMaxChunkBytes + 1), Mend(f); },
               "chunk 1 has 1048577"},
        Damage{"Sum", [](Bytes& f) { boot::Store64(f, 16, 1), Mend(f); }, "add up to"}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace matic::delta
