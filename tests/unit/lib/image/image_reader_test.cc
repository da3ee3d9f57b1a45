#include "lib/image/image_reader.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "boot/policy/section_table.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/image/small_image.h"

namespace matic::image {
namespace {

using File = std::vector<uint8_t>;

std::unique_ptr<fakes::FakeBlockDevice> Device(const File& image, uint64_t size) {
  auto device = std::make_unique<fakes::FakeBlockDevice>(size);
  device->Put(0, image);
  return device;
}

// The section table's checksum made right again after a change.
void Seal(File& image) {
  const auto table = std::span(image).subspan(kSmallTableAt, boot::kSectionTableBytes);
  boot::Store32(table, 4092, boot::Crc32(table.first(4092)));
}

TEST(InspectImage, TellsWhatAnImageHolds) {
  const File image = MakeSmallImage(" quiet");
  const auto device = Device(image, image.size());
  const auto info = InspectImage(*device);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->squashfs_bytes, kSmallSquashfsBytes);
  EXPECT_EQ(info->image_bytes, image.size());
  EXPECT_EQ(info->version, "2.0");
  EXPECT_EQ(info->os_release, "ID=small\nIMAGE_VERSION=\"2.0\"\n");
  EXPECT_TRUE(info->command_line.starts_with("panic=10 matic.head=")) << info->command_line;
  EXPECT_TRUE(info->command_line.ends_with(" quiet")) << info->command_line;
  ASSERT_EQ(info->sections.size(), 1u);
  EXPECT_EQ(info->sections[0].type, "uki");
  EXPECT_EQ(info->sections[0].offset, kSmallUkiAt);
}

TEST(InspectImage, ReadsTheSameFromASlotThatIsLarger) {
  const File image = MakeSmallImage();
  const auto slot = Device(image, 1 << 20);
  slot->Put(image.size(), File(4096, 0xaa));  // what an older, longer image left
  const auto info = InspectImage(*slot);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->image_bytes, image.size());
  const auto digest = VerifyImage(*slot, *info);
  ASSERT_TRUE(digest) << digest.error().message;
  EXPECT_EQ(*digest, crypto::Sha256Of(image));
}

TEST(InspectImage, AReadErrorIsHandedOn) {
  const File image = MakeSmallImage();
  const auto device = Device(image, image.size());
  device->AddBadRange(kSmallUkiAt, 512, fakes::BadRangeKind::kReadFails);
  const auto info = InspectImage(*device);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kIo);
}

struct Damage {
  const char* name;
  std::function<void(File&)> apply;
  const char* says;
};

void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

class NotAnImage : public testing::TestWithParam<Damage> {};

TEST_P(NotAnImage, IsRefusedWithItsReason) {
  File image = MakeSmallImage();
  GetParam().apply(image);
  const auto device = Device(image, image.size());
  const auto info = InspectImage(*device);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(info.error().message.find(GetParam().says), std::string::npos) << info.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    , NotAnImage,
    testing::Values(
        Damage{"Empty", [](File& f) { f.clear(); }, "too few"},
        Damage{"LessThanABlock", [](File& f) { f.resize(4095); }, "too few"},
        Damage{"OneBlock", [](File& f) { f.resize(4096); }, "cut short"},
        Damage{"FirstBlockZeroed", [](File& f) { std::fill_n(f.begin(), 4096, uint8_t{0}); },
               "not a squashfs"},
        Damage{"SquashfsOfAnotherVersion", [](File& f) { f[28] = 3; }, "not a squashfs"},
        Damage{"SquashfsLongerThanAll", [](File& f) { boot::Store64(f, 40, uint64_t{1} << 40); },
               "cut short"},
        Damage{"SquashfsOfEveryByte", [](File& f) { boot::Store64(f, 40, UINT64_MAX); },
               "cut short"},
        Damage{"SquashfsAlone", [](File& f) { f.resize(kSmallTableAt); },
               "no section table behind"},
        Damage{"NoTable", [](File& f) { f[kSmallTableAt] = 'X'; }, "no section table"},
        Damage{"TableDamaged", [](File& f) { f[kSmallTableAt + 2000] = 1; }, "checksum"},
        Damage{"TableOfAnotherSquashfs", [](File& f) { boot::Store64(f, 40, 5001); }, "another"},
        Damage{"SectionOutside",
               [](File& f) {
                 boot::Store64(f, kSmallTableAt + 24 + 8, uint64_t{1} << 40);
                 Seal(f);
               },
               "outside"},
        Damage{"KernelCutOff", [](File& f) { f.resize(kSmallUkiAt); }, "outside"},
        Damage{"KernelIsNoProgram", [](File& f) { f[kSmallUkiAt] = 'X'; }, "kernel section"},
        Damage{"NoOsRelease", [](File& f) { f[kSmallUkiAt + 0x188] = 'X'; }, "has no .osrel"},
        Damage{"NoCommandLine", [](File& f) { f[kSmallUkiAt + 0x188 + 40] = 'X'; },
               "has no .cmdline"}),
    [](const auto& test) { return test.param.name; });

TEST(InspectImage, AHugeCommandLineIsDamage) {
  std::string much(70'000, 'x');
  File image = MakeSmallImage(" " + much);
  const auto device = Device(image, image.size());
  const auto info = InspectImage(*device);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kCorrupt);
}

Result<crypto::Digest> Verify(const File& image) {
  const auto device = Device(image, image.size());
  MATIC_ASSIGN(const auto info, InspectImage(*device));
  return VerifyImage(*device, info);
}

TEST(VerifyImage, FindsADamagedKernel) {
  File image = MakeSmallImage();
  image[kSmallUkiAt + 1024 + 3 * 0x200] ^= 1;  // the initrd
  const auto digest = Verify(image);
  ASSERT_FALSE(digest);
  EXPECT_EQ(digest.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(digest.error().message.find("section uki"), std::string::npos);
}

TEST(VerifyImage, FindsAnotherSquashfsUnderTheKernel) {
  File image = MakeSmallImage();
  image[200] ^= 1;
  const auto digest = Verify(image);
  ASSERT_FALSE(digest);
  EXPECT_NE(digest.error().message.find("names another squashfs"), std::string::npos)
      << digest.error().message;
}

TEST(VerifyImage, TheLastHeadCountsAsItDoesForTheInitrd) {
  const auto digest = Verify(MakeSmallImage(" matic.head=00"));
  ASSERT_FALSE(digest);
  EXPECT_NE(digest.error().message.find("matic.head=00,"), std::string::npos)
      << digest.error().message;
}

}  // namespace
}  // namespace matic::image
