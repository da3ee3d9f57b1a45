#include "lib/image/container_writer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "lib/image/image_reader.h"
#include "lib/image/work_folder.h"
#include "lib/os/linux_block_device.h"
#include "tests/unit/lib/image/small_image.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

std::string Text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class WriteImageTest : public testing::Test {
 protected:
  // The small image taken apart.
  const std::vector<uint8_t> image_ = MakeSmallImage();
  const TemporaryFolder folder_;
  const fs::path squashfs_ =
      folder_.Put("root", Text({image_.begin(), image_.begin() + kSmallSquashfsBytes}));
  const size_t uki_bytes_ = 1024 + 4 * 0x200;
  const SectionContent uki_ = {
      "uki", folder_.Put(
                 "uki", Text({image_.begin() + kSmallUkiAt,
                              image_.begin() + kSmallUkiAt + static_cast<ptrdiff_t>(uki_bytes_)}))};
  const fs::path output_ = folder_.path() / "image";
};

TEST_F(WriteImageTest, PutsTheSmallImageTogetherByteForByte) {
  const auto written = WriteImage(squashfs_, std::span(&uki_, 1), output_);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(ReadAll(output_), Text(image_));
  EXPECT_EQ(written->size_bytes, image_.size());
  EXPECT_EQ(written->sha256, crypto::Sha256Of(image_));
}

TEST_F(WriteImageTest, OfAnImageTakesTheSquashfsAlone) {
  const fs::path whole = folder_.Put("whole", Text(image_));
  const auto written = WriteImage(whole, std::span(&uki_, 1), output_);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(ReadAll(output_), Text(image_));
  EXPECT_EQ(*SquashfsHeadDigest(whole), *SquashfsHeadDigest(squashfs_));
}

TEST_F(WriteImageTest, SectionsFollowOneAnotherInBlocks) {
  const SectionContent sections[] = {uki_, {"other", folder_.Put("other", std::string(5000, 't'))}};
  const auto written = WriteImage(squashfs_, sections, output_);
  ASSERT_TRUE(written) << written.error().message;
  auto file = LinuxBlockDevice::Open(output_, LinuxBlockDevice::Access::kReadOnly);
  ASSERT_TRUE(file) << file.error().message;
  const auto info = InspectImage(**file);
  ASSERT_TRUE(info) << info.error().message;
  ASSERT_NE(info->Find("other"), nullptr);
  EXPECT_EQ(info->Find("other")->offset, kSmallUkiAt + 4096);
  EXPECT_EQ(info->Find("other")->length, 5000u);
  EXPECT_EQ(info->image_bytes, written->size_bytes);
  EXPECT_TRUE(VerifyImage(**file, *info));
}

TEST_F(WriteImageTest, RefusesWhatIsNoSquashfsOrCutOff) {
  const fs::path bad[] = {folder_.Put("empty", ""), folder_.Put("text", std::string(5000, 'x')),
                          folder_.Put("cut", Text({image_.begin(), image_.begin() + 4096}))};
  for (const fs::path& squashfs : bad) {
    const auto written = WriteImage(squashfs, std::span(&uki_, 1), output_);
    ASSERT_FALSE(written) << squashfs;
    EXPECT_EQ(written.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(written.error().message.find(squashfs.string()), std::string::npos);
    EXPECT_FALSE(fs::exists(output_));
  }
}

TEST(WorkFolder, PublishesAWholeFileAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const fs::path output = folder.Put("image", "old");
  {
    const auto work = WorkFolder::Beside(output);
    ASSERT_TRUE(work) << work.error().message;
    std::ofstream(work->File("part")) << "new";
    EXPECT_EQ(ReadAll(output), "old");
    ASSERT_TRUE(work->Publish(work->File("part"), output));
    std::ofstream(work->File("rest")) << "rest";
  }
  EXPECT_EQ(ReadAll(output), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(WorkFolder, AMissingFolderAndAFolderAsOutputAreRefused) {
  const TemporaryFolder folder;
  EXPECT_EQ(WorkFolder::Beside(folder.path() / "missing" / "image").error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(WorkFolder::Beside(folder.path()).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::image
