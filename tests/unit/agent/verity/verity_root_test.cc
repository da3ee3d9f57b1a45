#include "agent/verity/verity_root.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "agent/verity/device_mapper.h"
#include "lib/image/image_reader.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/image/small_image.h"

namespace matic::verity {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kSlotBytes = 1 << 20;

Result<SlotTree> TreeIn(const Bytes& image) {
  fakes::FakeBlockDevice slot(kSlotBytes);
  slot.Put(0, image);
  return ReadSlotTree(slot);
}

uint64_t VerityAt(const Bytes& image) {
  fakes::FakeBlockDevice slot(kSlotBytes);
  slot.Put(0, image);
  return image::InspectImage(slot)->Find("verity")->offset;
}

TEST(ReadSlotTree, FindsTheTreeBehindItsSuperblock) {
  const Bytes image = image::MakeVerityImage();
  const auto tree = TreeIn(image);
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->superblock.data_blocks, 2u);
  EXPECT_EQ(tree->superblock.salt, (Bytes{'a', 'b', 'c'}));
  EXPECT_EQ(tree->tree_block, VerityAt(image) / 4096 + 1);
}

TEST(ReadSlotTree, RefusesASlotWithoutOne) {
  Bytes damaged = image::MakeVerityImage();
  damaged[VerityAt(damaged)] = 'x';
  Bytes torn = image::MakeVerityImage();
  torn[image::kSmallTableAt + 30] ^= 1;
  const std::pair<Bytes, std::string> slots[] = {{{}, "it holds no image"},
                                                 {image::MakeSmallImage(), "no section verity"},
                                                 {damaged, "no superblock"},
                                                 {torn, "checksum"}};
  for (const auto& [content, says] : slots) {
    const auto tree = TreeIn(content);
    ASSERT_FALSE(tree) << says;
    EXPECT_EQ(tree.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(tree.error().message.find(says), std::string::npos) << tree.error().message;
  }
}

TEST(TargetParameters, AreThoseOfTheKernelsDocumentation) {
  SlotTree tree{{300, {0xab, 0x01}}, 77};
  const std::string hash(64, '7');
  EXPECT_EQ(TargetParameters(tree, "/dev/vda2", hash, OnMismatch::kRefuseRead),
            "1 /dev/vda2 /dev/vda2 4096 4096 300 77 sha256 " + hash + " ab01");
  tree.superblock.salt.clear();
  EXPECT_EQ(TargetParameters(tree, "/dev/vda2", hash, OnMismatch::kPanic),
            "1 /dev/vda2 /dev/vda2 4096 4096 300 77 sha256 " + hash + " - 1 panic_on_corruption");
}

TEST(ChooseOnMismatch, NothingPanicsThatIsOnNoTrial) {
  EXPECT_EQ(ChooseOnMismatch("/dev/null"), OnMismatch::kRefuseRead);
  EXPECT_EQ(ChooseOnMismatch("/missing"), OnMismatch::kRefuseRead);
}

TEST(MapReadOnly, RefusesANameThatTheKernelHasNoRoomFor) {
  const auto mapped = MapReadOnly({std::string(200, 'x'), "verity", 8, ""});
  ASSERT_FALSE(mapped);
  EXPECT_EQ(mapped.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::verity
