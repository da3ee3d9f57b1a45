#include "lib/squashfs/codec.h"

#include <gtest/gtest.h>

#include "lib/squashfs/layout.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/squashfs/small_squashfs.h"

namespace matic::squashfs {
namespace {

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(Codec, PacksBlocksToTheBytesThatMksquashfsMade) {
  const std::vector<uint8_t> bytes = MakeSquashfs({{"large", Text(1000000, 1)}});
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  const auto layout = ReadLayout(device);
  ASSERT_TRUE(layout) << layout.error().message;
  auto unpacker = Unpacker::Create(kZstd, layout->superblock.block_bytes);
  ASSERT_TRUE(unpacker);
  Packer packer(15);
  size_t compared = 0;
  for (const Block& block : layout->blocks) {
    if (!block.packed) continue;
    auto stored = std::span(bytes).subspan(block.offset, block.stored_bytes);
    if (block.kind == BlockKind::kMetadata) stored = stored.subspan(kMetadataHeaderBytes);
    std::vector<uint8_t> room(layout->superblock.block_bytes);
    const auto unpacked = unpacker->Unpack(stored, room);
    ASSERT_TRUE(unpacked) << unpacked.error().message;
    const auto packed = packer.Pack(std::span(room).first(*unpacked));
    ASSERT_TRUE(packed);
    EXPECT_TRUE(std::ranges::equal(*packed, stored)) << block.offset;
    ++compared;
  }
  EXPECT_GE(compared, 8U);
}

TEST(Codec, LeavesAsItIsWhatDoesNotPack) {
  Packer packer(15);
  const auto packed = packer.Pack(BytesOf(Noise(10000, 1)));
  ASSERT_TRUE(packed);
  EXPECT_TRUE(packed->empty());
}

TEST(Codec, UnpacksNothingThatIsDamagedOrTooLong) {
  const std::string text = Text(20000, 1);
  const auto packed = Packer(15).Pack(BytesOf(text));
  ASSERT_TRUE(packed);
  auto unpacker = Unpacker::Create(kZstd, 131072);
  ASSERT_TRUE(unpacker);
  std::vector<uint8_t> room(20000);
  ASSERT_EQ(unpacker->Unpack(*packed, room).value(), 20000U);
  const auto too_long = unpacker->Unpack(*packed, std::span(room).first(19999));
  EXPECT_EQ(too_long.error().code, ErrorCode::kCorrupt);
  const auto cut = unpacker->Unpack(std::span(*packed).first(packed->size() / 2), room);
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(unpacker->Unpack({}, room).error().code, ErrorCode::kCorrupt);
}

TEST(Codec, NamesCompressors) {
  EXPECT_EQ(CompressorName(kZstd), "zstd");
  EXPECT_EQ(CompressorName(99), "compressor 99");
  const auto unknown = Unpacker::Create(99, 131072);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::squashfs
