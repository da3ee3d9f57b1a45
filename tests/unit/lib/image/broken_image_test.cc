// An image's bytes, damaged anywhere: it is refused, or what is told of it lies within it.
#include <gtest/gtest.h>

#include "lib/image/image_reader.h"
#include "lib/image/pe_headers.h"
#include "tests/fakes/broken_text.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/unit/lib/image/small_image.h"

namespace matic::image {
namespace {

constexpr uint64_t kSector = 512;

class BrokenImage : public testing::TestWithParam<bool> {};

TEST_P(BrokenImage, IsRefusedOrLiesWithinItsDevice) {
  const std::vector<uint8_t> bytes = GetParam() ? MakeVerityImage() : MakeSmallImage();
  const std::string good(bytes.begin(), bytes.end());
  size_t refused = 0;
  const std::vector<std::string> texts = fakes::Broken(good, 1000);
  for (const std::string& text : texts) {
    const std::vector<uint8_t> content(text.begin(), text.end());
    const uint64_t size = (content.size() + kSector - 1) / kSector * kSector;
    fakes::FakeBlockDevice device(std::max<uint64_t>(size, kSector));
    device.Put(0, content);
    const auto info = InspectImage(device);
    if (!info) {
      ++refused;
      EXPECT_LE(info.error().message.size(), 500U);
      continue;
    }
    EXPECT_LE(info->image_bytes, device.size());
    // A change is noticed here at the latest, but for one behind the image or within the squashfs,
    // which its manifest's digest covers.
    const auto digest = VerifyImage(device, *info);
    if (!digest) ++refused;
  }
  EXPECT_GT(refused, texts.size() / 4);
}

INSTANTIATE_TEST_SUITE_P(WithVerity, BrokenImage, testing::Bool());

TEST(BrokenKernel, ItsHeadersAreRefusedOrLieWithinIt) {
  const std::vector<uint8_t> bytes =
      MakePe({{".osrel", Bytes("ID=x\n")}, {".cmdline", Bytes("a")}});
  const std::string good(bytes.begin(), bytes.end());
  for (const std::string& text : fakes::Broken(good, 3000)) {
    const std::vector<uint8_t> file(text.begin(), text.end());
    const auto headers = ParsePeHeaders(file, file.size());
    if (!headers) continue;
    for (const PeSection& section : headers->sections) {
      ASSERT_LE(section.file_offset + section.content_size(), file.size());
    }
  }
}

}  // namespace
}  // namespace matic::image
