// Patches made and applied: what comes out is the new image, or said to be missing.
#include "lib/patching/build_patch.h"

#include <gtest/gtest.h>

#include <map>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "lib/delta/index_image.h"
#include "lib/delta/patch_applier.h"
#include "tests/unit/lib/patching/small_pair.h"

namespace matic::patching {
namespace {

const SmallPair& Pair() {
  static const SmallPair pair = MakeSmallPair();
  return pair;
}

const BuiltPatch& Built() {
  static const BuiltPatch built = [] {
    auto made = BuildPatch(*DeviceOf(Pair().before), *DeviceOf(Pair().after));
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : BuiltPatch();
  }();
  return built;
}

uint64_t MadeBytes(const Bytes& file, BlockDevice& old_image, const Bytes& after) {
  auto applier = delta::PatchApplier::Open(ReaderOf(file), old_image);
  EXPECT_TRUE(applier) << applier.error().message;
  if (!applier) return 0;
  const auto tried = (*applier)->TryPacker();
  EXPECT_TRUE(tried) << tried.error().message;
  uint64_t made = 0;
  for (const delta::ByteRange& range : (*applier)->header().ranges) {
    for (uint64_t at = range.offset; at < range.offset + range.length;) {
      Bytes bytes(std::min<uint64_t>(50001, range.offset + range.length - at));
      const auto good = (*applier)->Read(at, bytes);
      EXPECT_TRUE(good) << good.error().message;
      if (!good) return made;
      const bool same =
          std::equal(bytes.begin(), bytes.end(), after.begin() + static_cast<ptrdiff_t>(at));
      EXPECT_TRUE(same || !*good) << at;
      if (*good) made += bytes.size();
      at += bytes.size();
    }
  }
  return made;
}

TEST(BuildPatch, MakesEveryChunkThatTheOldImageHasNot) {
  const auto old_image = DeviceOf(Pair().before);
  const delta::PatchHeader& header = Built().header;
  EXPECT_EQ(header.old_sha256, crypto::Sha256Of(Pair().before));
  EXPECT_EQ(header.new_sha256, crypto::Sha256Of(Pair().after));
  EXPECT_EQ(header.level, 15);
  EXPECT_GT(header.made_bytes(), 10 * Built().file.size());
  EXPECT_EQ(MadeBytes(Built().file, *old_image, Pair().after), header.made_bytes());

  const auto index = delta::IndexImage(*DeviceOf(Pair().after), Pair().after.size());
  const auto old_index = delta::IndexImage(*old_image, Pair().before.size());
  std::map<crypto::Digest, int> old_chunks;
  for (const auto& chunk : old_index->chunks) ++old_chunks[chunk.sha256];
  uint64_t missing = 0;
  for (const auto& chunk : index->chunks) {
    if (!old_chunks.contains(chunk.sha256)) missing += chunk.length;
  }
  EXPECT_EQ(missing, header.made_bytes());
}

class PatchOf : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(PatchOf, AnyKindOfSquashfsMakesItAgain) {
  const SmallPair pair = MakeSmallPair(GetParam());
  const auto old_image = DeviceOf(pair.before);
  const auto built = BuildPatch(*old_image, *DeviceOf(pair.after));
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_EQ(MadeBytes(built->file, *old_image, pair.after), built->header.made_bytes());
}

INSTANTIATE_TEST_SUITE_P(Options, PatchOf,
                         testing::Values(std::vector<std::string>{"-no-fragments", "-b", "32768"},
                                         std::vector<std::string>{"-noD", "-noF", "-noI"}));

TEST(BuildPatch, OfFilesThatAreNoSquashfs) {
  const std::string noise = squashfs::Noise(500000, 7);
  Bytes before(noise.begin(), noise.end());
  Bytes after = before;
  after.insert(after.begin() + 250000, 100, 'x');
  const auto old_image = DeviceOf(before);
  const auto built = BuildPatch(*old_image, *DeviceOf(after));
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_LT(built->file.size(), 1000U);
  EXPECT_EQ(MadeBytes(built->file, *old_image, after), built->header.made_bytes());
}

TEST(BuildPatch, OfAnImageToItselfIsRefused) {
  const auto built = BuildPatch(*DeviceOf(Pair().before), *DeviceOf(Pair().before));
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::kInvalidArgument);
}

TEST(BuildPatch, OfImagesThatHaveLittleInCommonIsRefused) {
  const std::string noise = squashfs::Noise(6 << 20, 8);
  const Bytes before(noise.begin(), noise.end());
  Bytes after;
  // Small pieces from everywhere: each takes looking at a large one of the old image.
  constexpr size_t kPiece = 256;
  for (size_t i = 1; after.size() < 1'000'000; ++i) {
    const auto from = static_cast<ptrdiff_t>(i * 1'000'003 * kPiece % (before.size() - kPiece));
    after.insert(after.end(), before.begin() + from, before.begin() + from + kPiece);
  }
  const auto built = BuildPatch(*DeviceOf(before), *DeviceOf(after));
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(built.error().message.find("little in common"), std::string::npos)
      << built.error().message;
}

TEST(PatchApplier, GoesOnBehindWhatTheOldImageHasNoMore) {
  Bytes damaged = Pair().before;
  ASSERT_FALSE(Built().header.old_pieces.empty());
  const delta::OldPiece& piece = Built().header.old_pieces[Built().header.old_pieces.size() / 2];
  for (uint32_t i = 0; i < piece.stored_bytes; ++i) damaged[piece.offset + i] ^= 0x5a;
  const auto old_image = DeviceOf(damaged);
  auto applier = delta::PatchApplier::Open(ReaderOf(Built().file), *old_image);
  ASSERT_TRUE(applier) << applier.error().message;
  uint64_t good_bytes = 0;
  for (const delta::ByteRange& range : (*applier)->header().ranges) {
    Bytes bytes(range.length);
    const auto good = (*applier)->Read(range.offset, bytes);
    ASSERT_TRUE(good) << good.error().message;
    if (*good && std::equal(bytes.begin(), bytes.end(),
                            Pair().after.begin() + static_cast<ptrdiff_t>(range.offset))) {
      good_bytes += range.length;
    }
  }
  EXPECT_LT(good_bytes, Built().header.made_bytes());
  EXPECT_GT(good_bytes, 0U);
}

TEST(PatchApplier, MayBeAskedForTheEndOnly) {
  const auto old_image = DeviceOf(Pair().before);
  auto applier = delta::PatchApplier::Open(ReaderOf(Built().file), *old_image);
  ASSERT_TRUE(applier);
  const delta::ByteRange last = (*applier)->header().ranges.back();
  Bytes bytes(last.length - 1);
  const auto good = (*applier)->Read(last.offset + 1, bytes);
  ASSERT_TRUE(good && *good);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(),
                         Pair().after.begin() + static_cast<ptrdiff_t>(last.offset + 1)));
  // Neither again, nor what it does not make.
  EXPECT_EQ((*applier)->Read(last.offset, bytes).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ((*applier)->Read(last.offset + last.length, bytes).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(PatchApplier, TellsWhenThisMachinePacksOtherwise) {
  ASSERT_FALSE(Built().header.samples.empty());
  delta::PatchHeader header = Built().header;
  header.level = 3;
  header.packer_version = "1.4.9";
  const auto file = delta::EncodePatchHeader(header);
  ASSERT_TRUE(file);
  const auto old_image = DeviceOf(Pair().before);
  auto applier = delta::PatchApplier::Open(ReaderOf(*file), *old_image);
  ASSERT_TRUE(applier) << applier.error().message;
  const auto tried = (*applier)->TryPacker();
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(tried.error().message.find("zstd 1.4.9"), std::string::npos) << tried.error().message;
}

TEST(PatchApplier, EndsWithAStopAndWithAShorterOldImage) {
  const auto old_image = DeviceOf(Pair().before);
  std::stop_source stop;
  auto applier = delta::PatchApplier::Open(ReaderOf(Built().file), *old_image,
                                           {.packers = 1, .stop = stop.get_token()});
  ASSERT_TRUE(applier);
  stop.request_stop();
  Bytes bytes(10);
  const auto read = (*applier)->Read((*applier)->header().ranges.front().offset, bytes);
  EXPECT_EQ(read.error().code, ErrorCode::kCancelled);
  fakes::FakeBlockDevice small(4096);
  const auto refused = delta::PatchApplier::Open(ReaderOf(Built().file), small);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::patching
