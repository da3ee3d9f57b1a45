#include "lib/image/signers.h"

#include <gtest/gtest.h>

#include "boot/policy/little_endian.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/image/small_image.h"

namespace matic::image {
namespace {

// Of the data directory that names signatures, in the kernel of the small image.
constexpr size_t kDirectoryCountAt = kSmallUkiAt + 0x80 + 24 + 108;
constexpr size_t kSignaturesAt = kDirectoryCountAt + 4 + 4 * 8;
constexpr uint32_t kTableInKernel = 1024;  // where its first section is, too

Result<std::vector<crypto::ProgramSigner>> SignersOf(uint32_t offset, uint32_t bytes,
                                                     std::vector<uint8_t> table = {}) {
  std::vector<uint8_t> image = MakeSmallImage();
  boot::Store32(image, kDirectoryCountAt, 16);
  boot::Store32(image, kSignaturesAt, offset);
  boot::Store32(image, kSignaturesAt + 4, bytes);
  fakes::FakeBlockDevice device(image.size());
  device.Put(0, image);
  MATIC_ASSIGN(const auto info, InspectImage(device));
  device.Put(kSmallUkiAt + kTableInKernel, table);
  return ReadKernelSigners(device, info);
}

TEST(ReadKernelSigners, ThereAreNone) {
  EXPECT_TRUE(SignersOf(0, 0)->empty());
  // Of another kind than PKCS #7, and padding.
  EXPECT_TRUE(SignersOf(kTableInKernel, 20, {16, 0, 0, 0, 0, 2, 1, 0})->empty());
}

TEST(ReadKernelSigners, ADamagedTableIsRefused) {
  for (const auto& signers : {SignersOf(1u << 30, 8), SignersOf(kTableInKernel, 1u << 30),
                              SignersOf(kTableInKernel, 8, {7, 0, 0, 0, 0, 2, 2, 0}),
                              SignersOf(kTableInKernel, 8, {9, 0, 0, 0, 0, 2, 2, 0}),
                              SignersOf(kTableInKernel, 16, {16, 0, 0, 0, 0, 2, 2, 0})}) {
    ASSERT_FALSE(signers);
    EXPECT_EQ(signers.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace matic::image
