#include "lib/squashfs/layout.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/squashfs/codec.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/squashfs/small_squashfs.h"

namespace matic::squashfs {
namespace {

constexpr uint32_t kBlock = 128 * 1024;

Files SomeFiles() {
  Files files = {{"etc/hostname", "maticos\n"}, {"etc/link", "-> hostname"}, {"empty", ""}};
  files["usr/lib/large"] = Text(5 * kBlock + 1234, 1);
  files["usr/lib/again"] = files["usr/lib/large"];  // shares its blocks
  files["usr/lib/noise"] = Noise(2 * kBlock, 2);    // stored as it is
  files["usr/lib/hole"] = Text(kBlock, 3) + std::string(3 * kBlock, '\0') + Text(100, 4);
  for (uint32_t i = 0; i < 100; ++i) {
    files["usr/share/doc/" + std::to_string(i)] = Text(500 + i * 20, 100 + i);
  }
  return files;
}

size_t Count(const Layout& layout, BlockKind kind) {
  return static_cast<size_t>(std::ranges::count(layout.blocks, kind, &Block::kind));
}

void ExpectCovers(const Layout& layout, size_t bytes) {
  uint64_t end = 0;
  for (const Block& block : layout.blocks) {
    ASSERT_EQ(block.offset, end);
    ASSERT_GT(block.stored_bytes, 0U);
    ASSERT_LE(block.stored_bytes, kMaxBlockBytes + kMetadataHeaderBytes);
    end += block.stored_bytes;
  }
  EXPECT_EQ(end, layout.superblock.bytes);
  EXPECT_LE(end, bytes);
}

struct Case {
  std::string name;
  std::vector<std::string> options;
  uint16_t compressor = kZstd;
  uint32_t block_bytes = kBlock;
  size_t data_blocks = 10;
};

class LayoutOf : public testing::TestWithParam<Case> {};

TEST_P(LayoutOf, CoversTheSquashfsWithBlocksThatUnpack) {
  const std::vector<uint8_t> bytes = MakeSquashfs(SomeFiles(), GetParam().options);
  ASSERT_FALSE(bytes.empty());
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  const auto layout = ReadLayout(device);
  ASSERT_TRUE(layout) << layout.error().message;
  ExpectCovers(*layout, bytes.size());
  EXPECT_EQ(layout->superblock.compressor, GetParam().compressor);
  EXPECT_EQ(layout->superblock.block_bytes, GetParam().block_bytes);
  EXPECT_GE(Count(*layout, BlockKind::kData), GetParam().data_blocks);
  EXPECT_GE(Count(*layout, BlockKind::kMetadata), 3U);

  auto unpacker = Unpacker::Create(layout->superblock.compressor, layout->superblock.block_bytes);
  ASSERT_TRUE(unpacker) << unpacker.error().message;
  std::vector<uint8_t> room(kMaxBlockBytes);
  for (const Block& block : layout->blocks) {
    if (!block.packed) continue;
    auto stored = std::span(bytes).subspan(block.offset, block.stored_bytes);
    if (block.kind == BlockKind::kMetadata) stored = stored.subspan(kMetadataHeaderBytes);
    const auto unpacked = unpacker->Unpack(stored, room);
    ASSERT_TRUE(unpacked) << block.offset << ": " << unpacked.error().message;
    EXPECT_LE(*unpacked,
              block.kind == BlockKind::kMetadata ? kMetadataBytes : layout->superblock.block_bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Options, LayoutOf,
    testing::Values(
        Case{"Default", {}}, Case{"NoFragments", {"-no-fragments"}},
        Case{"SmallBlocks", {"-b", "4096"}, kZstd, 4096},
        Case{"LargeBlocks", {"-b", "1M", "-always-use-fragments"}, kZstd, kMaxBlockBytes, 0},
        Case{"NotExportable", {"-no-exports"}},
        Case{"Unpacked", {"-noI", "-noD", "-noF", "-noId"}}),
    [](const auto& c) { return c.param.name; });

TEST(Layout, FindsFragmentsAndWhatFilesShareOnce) {
  const std::vector<uint8_t> bytes = MakeSquashfs(SomeFiles());
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  const auto layout = ReadLayout(device);
  ASSERT_TRUE(layout) << layout.error().message;
  // Of `large` 6, its end among them; of `noise` 2; of `hole` its first and its last.
  EXPECT_EQ(Count(*layout, BlockKind::kData), 6U + 2U + 2U);
  EXPECT_GE(Count(*layout, BlockKind::kFragment), 1U);
  const auto stored_as_is = std::ranges::count_if(layout->blocks, [](const Block& block) {
    return block.kind == BlockKind::kData && !block.packed && block.stored_bytes == kBlock;
  });
  EXPECT_EQ(stored_as_is, 2);
}

TEST(Layout, IsThatOfTheSquashfsAloneWhateverStandsBehindIt) {
  std::vector<uint8_t> bytes = MakeSquashfs(SomeFiles());
  const size_t squashfs_bytes = bytes.size();
  bytes.resize(bytes.size() + 1000000, 0x5a);
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  const auto layout = ReadLayout(device);
  ASSERT_TRUE(layout) << layout.error().message;
  ExpectCovers(*layout, squashfs_bytes);
  const auto superblock = ReadSuperblock(device);
  ASSERT_TRUE(superblock);
  EXPECT_EQ(superblock->bytes, layout->superblock.bytes);
}

TEST(Layout, IsNotReadToItsEndAfterAStop) {
  const std::vector<uint8_t> bytes = MakeSquashfs(SomeFiles());
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  std::stop_source stop;
  stop.request_stop();
  const auto layout = ReadLayout(device, stop.get_token());
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, ErrorCode::kCancelled);
}

TEST(Layout, TellsADeviceThatFails) {
  const std::vector<uint8_t> bytes = MakeSquashfs(SomeFiles());
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  device.AddBadRange(bytes.size() - 600, 300, fakes::BadRangeKind::kReadFails);
  const auto layout = ReadLayout(device);
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace matic::squashfs
