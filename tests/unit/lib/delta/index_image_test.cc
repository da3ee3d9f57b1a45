#include "lib/delta/index_image.h"

#include <gtest/gtest.h>

#include <set>

#include "boot/policy/section_table.h"
#include "lib/delta/chunk_rule.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/squashfs/small_squashfs.h"

namespace matic::delta {
namespace {

using squashfs::Files;
using squashfs::Noise;
using squashfs::Text;

Files SomeFiles() {
  Files files;
  for (uint32_t i = 0; i < 16; ++i) {
    files["usr/lib/" + std::to_string(i)] = Text(300000 + i * 1000, i);
    files["usr/share/" + std::to_string(i)] = Text(2000 + i * 10, 100 + i);
  }
  return files;
}

Result<ChunkIndex> IndexOf(const std::vector<uint8_t>& bytes, const IndexOptions& options = {}) {
  fakes::FakeBlockDevice device(bytes.size());
  device.Put(0, bytes);
  return IndexImage(device, bytes.size(), options);
}

void ExpectOf(const ChunkIndex& index, std::span<const uint8_t> image) {
  EXPECT_EQ(index.image_bytes, image.size());
  EXPECT_EQ(index.image_sha256, crypto::Sha256Of(image));
  uint64_t at = 0;
  for (const IndexedChunk& chunk : index.chunks) {
    ASSERT_LE(chunk.length, image.size() - at);
    ASSERT_EQ(chunk.sha256, crypto::Sha256Of(image.subspan(at, chunk.length))) << at;
    at += chunk.length;
  }
  EXPECT_EQ(at, image.size());
  const auto read = DecodeIndex(EncodeIndex(index));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, index);
}

uint64_t BytesNotIn(const ChunkIndex& index, const ChunkIndex& seed) {
  std::set<crypto::Digest> have;
  for (const IndexedChunk& chunk : seed.chunks) have.insert(chunk.sha256);
  uint64_t missing = 0;
  for (const IndexedChunk& chunk : index.chunks)
    missing += have.contains(chunk.sha256) ? 0 : chunk.length;
  return missing;
}

// A squashfs, its section table and two sections of noise.
std::vector<uint8_t> WithSections(std::vector<uint8_t> image, uint32_t seed) {
  const uint64_t squashfs_bytes = *boot::SquashfsBytesUsed(image);
  image.resize(squashfs_bytes);
  const uint64_t table = *boot::SectionTableOffset(squashfs_bytes);
  const uint64_t uki = table + boot::kSectionTableBytes;
  const std::vector<boot::Section> sections = {
      {boot::SectionType("uki"), uki, 1000000, {}},
      {boot::SectionType("more"), uki + 1003520, 5000, {}}};
  const auto block = boot::EncodeSectionTable(squashfs_bytes, sections);
  image.resize(table);
  image.insert(image.end(), block.begin(), block.end());
  const std::string noise = Noise(1000000, 1);
  image.insert(image.end(), noise.begin(), noise.end());
  image.resize(sections[1].offset);
  const std::string more = Noise(5000, seed);
  image.insert(image.end(), more.begin(), more.end());
  image.resize((image.size() + 4095) / 4096 * 4096);
  return image;
}

TEST(IndexImage, NamesEveryByteOfASquashfs) {
  const std::vector<uint8_t> bytes = squashfs::MakeSquashfs(SomeFiles());
  const auto index = IndexOf(bytes);
  ASSERT_TRUE(index) << index.error().message;
  ExpectOf(*index, bytes);
  EXPECT_GT(index->chunks.size(), bytes.size() / kMaxMergedBytes);
  EXPECT_LT(index->chunks.size(), bytes.size() / (16 * 1024));
}

TEST(IndexImage, CutsWhereSectionsBegin) {
  const std::vector<uint8_t> image = WithSections(squashfs::MakeSquashfs(SomeFiles()), 2);
  const auto index = IndexOf(image);
  ASSERT_TRUE(index) << index.error().message;
  ExpectOf(*index, image);
  std::set<uint64_t> starts;
  uint64_t at = 0;
  for (const IndexedChunk& chunk : index->chunks) {
    starts.insert(at);
    at += chunk.length;
  }
  const uint64_t squashfs_bytes = *boot::SquashfsBytesUsed(image);
  const uint64_t uki = *boot::SectionTableOffset(squashfs_bytes) + boot::kSectionTableBytes;
  EXPECT_TRUE(starts.contains(squashfs_bytes));
  EXPECT_TRUE(starts.contains(uki));
  EXPECT_TRUE(starts.contains(uki + 1003520));
}

TEST(IndexImage, FindsWhatASquashfsAndItsNextVersionShare) {
  Files files = SomeFiles();
  const std::vector<uint8_t> before = WithSections(squashfs::MakeSquashfs(files), 2);
  files["usr/lib/11"].insert(5, "changed");
  files["usr/lib/11b"] = Text(70000, 1000);
  const std::vector<uint8_t> after = WithSections(squashfs::MakeSquashfs(files), 3);
  const auto old_index = IndexOf(before);
  const auto new_index = IndexOf(after);
  ASSERT_TRUE(old_index && new_index);
  const uint64_t missing = BytesNotIn(*new_index, *old_index);
  EXPECT_GT(missing, 0U);
  EXPECT_LT(missing, after.size() / 10);
}

TEST(IndexImage, CutsWhatIsNoSquashfsByItsContent) {
  const std::string before = Noise(3 << 20, 5);
  std::string after = before;
  after.insert(1000000, "something");
  const auto old_index = IndexOf({before.begin(), before.end()});
  const auto new_index = IndexOf({after.begin(), after.end()});
  ASSERT_TRUE(old_index && new_index);
  ExpectOf(*new_index, std::vector<uint8_t>(after.begin(), after.end()));
  EXPECT_LE(BytesNotIn(*new_index, *old_index), 3 * kMaxChunkBytes / 4);
}

TEST(IndexImage, IsOfTheBytesThatWereAskedForOnly) {
  const std::vector<uint8_t> image = WithSections(squashfs::MakeSquashfs(SomeFiles()), 2);
  std::vector<uint8_t> slot = image;
  slot.resize(image.size() + 3000000, 0x77);
  fakes::FakeBlockDevice device(slot.size());
  device.Put(0, slot);
  const auto index = IndexImage(device, image.size());
  ASSERT_TRUE(index) << index.error().message;
  ExpectOf(*index, image);
  const auto too_long = IndexImage(device, slot.size() + 1);
  EXPECT_EQ(too_long.error().code, ErrorCode::kInvalidArgument);
}

TEST(IndexImage, HashesTheWholeOnlyWhereThatIsWanted) {
  const std::string noise = Noise(100000, 5);
  const auto index = IndexOf({noise.begin(), noise.end()}, {.image_digest = false});
  ASSERT_TRUE(index);
  EXPECT_EQ(index->image_sha256, crypto::Digest{});
}

TEST(IndexImage, RefusesASquashfsThatContradictsItself) {
  std::vector<uint8_t> bytes = squashfs::MakeSquashfs(SomeFiles());
  const uint64_t end = *boot::SquashfsBytesUsed(bytes);
  for (uint64_t at = end - 2000; at < end; ++at) bytes[at] ^= 0x55;
  const auto index = IndexOf(bytes);
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::kCorrupt);
}

TEST(IndexImage, EndsWithAStop) {
  std::stop_source stop;
  stop.request_stop();
  const std::string noise = Noise(100000, 5);
  const auto index = IndexOf({noise.begin(), noise.end()}, {.stop = stop.get_token()});
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::kCancelled);
}

TEST(IndexImage, OfNothingIsEmpty) {
  fakes::FakeBlockDevice device(512);
  const auto index = IndexImage(device, 0);
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_TRUE(index->chunks.empty());
}

}  // namespace
}  // namespace matic::delta
