// A squashfs damaged anywhere: it is refused, or its blocks lie within it.
#include <gtest/gtest.h>

#include <cstring>

#include "boot/policy/little_endian.h"
#include "lib/squashfs/layout.h"
#include "tests/fakes/broken_text.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/squashfs/small_squashfs.h"

namespace matic::squashfs {
namespace {

std::vector<uint8_t> Small() {
  Files files = {{"etc/hostname", "maticos\n"}, {"etc/link", "-> hostname"}};
  files["large"] = Text(40000, 1);
  for (uint32_t i = 0; i < 40; ++i) files["f" + std::to_string(i)] = Text(3000 + i, 2 + i);
  // Metadata unpacked, so that damage to a field is no damage to its packing.
  return MakeSquashfs(files, {"-b", "4096", "-noI", "-noId"});
}

Result<Layout> Read(const std::vector<uint8_t>& bytes) {
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  return ReadLayout(device);
}

// Returns whether it was refused.
bool ExpectRefusedOrInside(const std::vector<uint8_t>& bytes) {
  const auto layout = Read(bytes);
  if (!layout) {
    EXPECT_TRUE(layout.error().code == ErrorCode::kCorrupt ||
                layout.error().code == ErrorCode::kInvalidArgument)
        << layout.error().message;
    EXPECT_LE(layout.error().message.size(), 300U);
    return true;
  }
  uint64_t end = 0;
  for (const Block& block : layout->blocks) {
    EXPECT_EQ(block.offset, end);
    end += block.stored_bytes;
  }
  EXPECT_EQ(end, layout->superblock.bytes);
  EXPECT_LE(end, bytes.size());
  return false;
}

TEST(BrokenSquashfs, IsRefusedOrItsBlocksLieInside) {
  const std::vector<uint8_t> bytes = Small();
  ASSERT_FALSE(bytes.empty());
  size_t refused = 0;
  const auto texts = fakes::Broken(std::string(bytes.begin(), bytes.end()), 1500);
  for (const std::string& text : texts) {
    refused += ExpectRefusedOrInside({text.begin(), text.end()}) ? 1 : 0;
  }
  EXPECT_GT(refused, texts.size() / 10);
}

TEST(BrokenSquashfs, FieldsOfItsTablesAreBounded) {
  const std::vector<uint8_t> good = Small();
  const uint64_t inodes = boot::Load64(good, 64);
  const uint64_t end = boot::Load64(good, 40);
  size_t refused = 0;
  for (const uint32_t value : {0U, 1U, 0xffU, 0x8000U, 0xffffU, 0x7fffffffU, 0xffffffffU}) {
    for (size_t at = 0; at < 96; at += 2) {
      std::vector<uint8_t> bytes = good;
      boot::Store32(bytes, at, value);
      refused += ExpectRefusedOrInside(bytes) ? 1 : 0;
    }
    for (uint64_t at = inodes; at + 4 <= end; at += 3) {
      std::vector<uint8_t> bytes = good;
      boot::Store32(bytes, at, value);
      refused += ExpectRefusedOrInside(bytes) ? 1 : 0;
    }
  }
  EXPECT_GT(refused, 1000U);
}

TEST(BrokenSquashfs, TheSizeOfAFileTakesNoMemory) {
  std::vector<uint8_t> bytes = Small();
  // The first inode of the table that is a file's, behind the header of its metadata block.
  const uint64_t inode = boot::Load64(bytes, 64) + 2;
  ASSERT_EQ(boot::Load16(bytes, inode), 2);
  boot::Store32(bytes, inode + 28, 0xffffffff);
  const auto layout = Read(bytes);
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(layout.error().message.starts_with("squashfs: inode 0: ")) << layout.error().message;
}

TEST(BrokenSquashfs, OneThatIsCutShortIsRefused) {
  const std::vector<uint8_t> good = Small();
  for (const size_t size : {size_t{0}, size_t{95}, size_t{96}, good.size() / 2}) {
    const auto layout = Read({good.begin(), good.begin() + static_cast<ptrdiff_t>(size)});
    ASSERT_FALSE(layout) << size;
    EXPECT_EQ(layout.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace matic::squashfs
