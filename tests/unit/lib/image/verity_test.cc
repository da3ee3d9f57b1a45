#include "lib/image/verity.h"

#include <gtest/gtest.h>

#include <functional>

#include "boot/policy/little_endian.h"
#include "lib/image/image_reader.h"
#include "lib/image/verity_tree.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/image/small_image.h"
#include "tests/unit/lib/image/small_tree.h"

namespace matic::image {
namespace {

constexpr uint64_t kBlock = kVerityBlockBytes;

std::vector<uint8_t> Data(size_t blocks) {
  std::vector<uint8_t> data(blocks * kBlock);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 31 + i / kBlock);
  return data;
}

// Some data, and behind it its tree.
struct Hashed {
  explicit Hashed(size_t blocks)
      : tree(MakeSmallTree(Data(blocks))),
        place{blocks * kBlock - 7, blocks * kBlock, tree.section.size()},
        device(place.section_offset + place.section_bytes) {
    device.Put(0, Data(blocks));
    device.Put(place.section_offset, tree.section);
  }

  void Flip(uint64_t at) {
    std::vector<uint8_t> byte(1);
    ASSERT_TRUE(device.Read(at, byte));
    byte[0] ^= 1;
    device.Put(at, byte);
  }
  std::string Problem() {
    const auto verified = VerifyVerityTree(device, place, tree.root_hash);
    return verified ? "" : verified.error().message;
  }

  SmallTree tree;
  VerityPlace place;
  fakes::FakeBlockDevice device;
};

class VerityTreeOf : public testing::TestWithParam<size_t> {};

TEST_P(VerityTreeOf, HoldsAndItsTopIsTheRootHash) {
  Hashed hashed(GetParam());
  EXPECT_EQ(VeritySectionBytes(GetParam()), hashed.tree.section.size());
  EXPECT_EQ(*VerityRootHash(hashed.device, hashed.place), hashed.tree.root_hash);
  EXPECT_EQ(hashed.Problem(), "");
}

// One bit, anywhere, is found.
TEST_P(VerityTreeOf, DoesNotHoldADamagedBlock) {
  for (const size_t block : {size_t{0}, GetParam() / 2, GetParam() - 1}) {
    Hashed hashed(GetParam());
    hashed.Flip(block * kBlock + 77);
    EXPECT_NE(hashed.Problem(), "") << block;
    hashed.Flip(block * kBlock + 77);
    EXPECT_EQ(hashed.Problem(), "");
  }
  for (uint64_t block = 1; block < VeritySectionBytes(GetParam()) / kBlock; ++block) {
    Hashed hashed(GetParam());
    hashed.Flip(hashed.place.section_offset + block * kBlock + 3);
    EXPECT_NE(hashed.Problem(), "") << block;
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, VerityTreeOf, testing::Values(1, 2, 128, 129, 300, 1025));

TEST(VerityTree, NamesTheBlock) {
  Hashed hashed(300);
  hashed.Flip(257 * kBlock);
  EXPECT_EQ(hashed.Problem(), "block 257 of the squashfs does not match the hash tree");
  Hashed leaves(300);
  leaves.Flip(leaves.place.section_offset + 3 * kBlock);
  EXPECT_EQ(leaves.Problem(), "block 1 of the section verity does not match the hash tree");
}

TEST(VerityLevels, StandFromTheTopDownBehindTheSuperblock) {
  // 128 * 128 blocks and one: 129 leaves, 2 above them, 1 at the top.
  const auto levels = VerityLevels(16385);
  ASSERT_EQ(levels.size(), 3u);
  EXPECT_EQ(levels[2].first_block, 1u);
  EXPECT_EQ(levels[2].blocks, 1u);
  EXPECT_EQ(levels[1].first_block, 2u);
  EXPECT_EQ(levels[1].blocks, 2u);
  EXPECT_EQ(levels[0].first_block, 4u);
  EXPECT_EQ(levels[0].blocks, 129u);
  EXPECT_TRUE(VerityLevels(1).empty());
}

struct Wrong {
  const char* name;
  std::function<void(std::vector<uint8_t>&)> apply;
  const char* says;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class NoVeritySection : public testing::TestWithParam<Wrong> {};

TEST_P(NoVeritySection, IsRefusedWithItsReason) {
  std::vector<uint8_t> section = MakeSmallTree(Data(300)).section;
  GetParam().apply(section);
  const auto checked = CheckVeritySection(section, 300 * kBlock, section.size());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(checked.error().message.find(GetParam().says), std::string::npos)
      << checked.error().message;
}

using Section = std::vector<uint8_t>;

INSTANTIATE_TEST_SUITE_P(
    , NoVeritySection,
    testing::Values(Wrong{"CutOff", [](Section& s) { s.resize(511); }, "no superblock"},
                    Wrong{"Magic", [](Section& s) { s[0] = 'x'; }, "no superblock"},
                    Wrong{"Version", [](Section& s) { s[8] = 2; }, "version"},
                    Wrong{"HashType", [](Section& s) { s[12] = 0; }, "hash type"},
                    Wrong{"Algorithm", [](Section& s) { s[36] = '9'; }, "sha256"},
                    Wrong{"AlgorithmThatGoesOn", [](Section& s) { s[38] = 'x'; }, "sha256"},
                    Wrong{"DataBlocks", [](Section& s) { boot::Store32(s, 64, 1024); }, "4096"},
                    Wrong{"HashBlocks", [](Section& s) { boot::Store32(s, 68, 512); }, "4096"},
                    Wrong{"NoBlocks", [](Section& s) { boot::Store64(s, 72, 0); },
                          "number of blocks"},
                    Wrong{"EveryBlock", [](Section& s) { boot::Store64(s, 72, UINT64_MAX); },
                          "number of blocks"},
                    Wrong{"OtherBlocks", [](Section& s) { boot::Store64(s, 72, 299); }, "has 300"},
                    Wrong{"LongSalt", [](Section& s) { s[81] = 2; }, "salt"},
                    Wrong{"Shorter", [](Section& s) { s.resize(s.size() - kBlock); }, "takes"},
                    Wrong{"Longer", [](Section& s) { s.resize(s.size() + 1); }, "takes"}),
    [](const auto& test) { return test.param.name; });

Result<ImageInfo> Inspect(const std::vector<uint8_t>& image) {
  fakes::FakeBlockDevice device(image.size());
  device.Put(0, image);
  MATIC_ASSIGN(auto info, InspectImage(device));
  MATIC_TRY(VerifyImage(device, info));
  return info;
}

TEST(ImageWithVerity, TellsItsRootHash) {
  const auto info = Inspect(MakeVerityImage());
  ASSERT_TRUE(info) << info.error().message;
  ASSERT_TRUE(info->verity);
  EXPECT_TRUE(info->command_line.ends_with(" matic.verity=" + crypto::ToHex(*info->verity)));
  EXPECT_EQ(Inspect(MakeSmallImage())->verity, std::nullopt);
}

struct Contradiction {
  const char* extra;
  bool with_tree;
  const char* says;
};

TEST(ImageWithVerity, MustAgreeWithItsCommandLine) {
  const std::string zeros(64, '0');
  const std::string other = " matic.verity=" + zeros;
  const std::string names_other = "the command line names " + zeros;
  for (const Contradiction& wrong : {Contradiction{other.c_str(), false, "no section verity"},
                                     Contradiction{other.c_str(), true, names_other.c_str()},
                                     Contradiction{" matic.verity=12", true, "is no SHA-256"},
                                     Contradiction{" matic.verity=", true, "no matic.verity="}}) {
    const auto info =
        Inspect(wrong.with_tree ? MakeVerityImage(wrong.extra) : MakeSmallImage(wrong.extra));
    ASSERT_FALSE(info) << wrong.extra;
    EXPECT_EQ(info.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(info.error().message.find(wrong.says), std::string::npos) << info.error().message;
  }
}

TEST(ImageWithVerity, IsOfThisSquashfs) {
  std::vector<uint8_t> image = MakeVerityImage();
  image[4500] ^= 1;  // in its second block, which no head covers
  const auto info = Inspect(image);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().message, "block 1 of the squashfs does not match the hash tree");
}

}  // namespace
}  // namespace matic::image
