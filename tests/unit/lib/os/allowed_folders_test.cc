#include "lib/os/allowed_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A folder that files are taken from, and one beside it that they are not.
class AllowedFoldersTest : public testing::Test {
 protected:
  AllowedFoldersTest() {
    fs::create_directories(stick_ / "below");
    fs::create_directories(outside_);
    Write(stick_ / "os.squashfs", "image");
    Write(stick_ / "below/os.squashfs", "image below");
    Write(outside_ / "shadow", "secret");
  }

  static void Write(const fs::path& path, const std::string& content) {
    std::ofstream(path) << content;
  }
  std::string Content(const fs::path& path) {
    const auto file = folders_.Open(path);
    if (!file) return "error: " + file.error().message;
    std::string content(file->size, '\0');
    EXPECT_EQ(::read(file->fd.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
    return content;
  }
  void ExpectError(const fs::path& path, ErrorCode code, const std::string& what) {
    const auto file = folders_.Open(path);
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(CodeName(file.error().code), CodeName(code)) << file.error().message;
    EXPECT_THAT(file.error().message, HasSubstr(what));
    EXPECT_THAT(file.error().message, HasSubstr(path.string()));
  }

  const TemporaryFolder folder_;
  const fs::path stick_ = folder_ / "media";
  const fs::path outside_ = folder_ / "media-of-others";  // begins with the same letters
  const AllowedFolders folders_{{"/nowhere/at/all", stick_ / ""}};
};

TEST_F(AllowedFoldersTest, FilesBelow) {
  EXPECT_EQ(Content(stick_ / "os.squashfs"), "image");
  EXPECT_EQ(Content(stick_ / "below" / "os.squashfs"), "image below");
  EXPECT_EQ(Content(stick_ / "below" / ".." / "." / "os.squashfs"), "image");
}

TEST_F(AllowedFoldersTest, NothingBeside) {
  ExpectError(outside_ / "shadow", ErrorCode::kRefused,
              "is in no folder that files are taken from");
  ExpectError(stick_ / ".." / "media-of-others" / "shadow", ErrorCode::kRefused, stick_.string());
  ExpectError("/etc/shadow", ErrorCode::kRefused, "/nowhere/at/all, ");
  ExpectError("os.squashfs", ErrorCode::kRefused, "in no folder");
  ExpectError(stick_, ErrorCode::kRefused, "in no folder");
}

TEST_F(AllowedFoldersTest, NoSymbolicLinkLeadsOut) {
  fs::create_symlink(outside_ / "shadow", stick_ / "link");
  fs::create_symlink("../media-of-others/shadow", stick_ / "relative");
  fs::create_directory_symlink(outside_, stick_ / "folder");
  fs::create_symlink("loop", stick_ / "loop");
  for (const char* name : {"link", "relative", "folder/shadow", "loop"}) {
    ExpectError(stick_ / name, ErrorCode::kRefused, "a symbolic link leads out of");
  }
  fs::create_symlink("below/os.squashfs", stick_ / "latest");
  EXPECT_EQ(Content(stick_ / "latest"), "image below");
}

TEST_F(AllowedFoldersTest, PlainFilesOnly) {
  ASSERT_EQ(::mkfifo((stick_ / "fifo").c_str(), 0600), 0);
  ExpectError(stick_ / "fifo", ErrorCode::kInvalidArgument, "is not a plain file");
  ExpectError(stick_ / "below", ErrorCode::kInvalidArgument, "is not a plain file");
  ExpectError(stick_ / "missing", ErrorCode::kNotFound, "No such file");
  ExpectError(stick_ / "os.squashfs" / "x", ErrorCode::kIo, "Not a directory");
  const AllowedFolders devices({"/dev"});
  const auto device = devices.Open("/dev/null");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(AllowedFoldersTest, AFolderMayBeASymbolicLinkItself) {
  fs::create_directory_symlink(stick_, folder_ / "run");
  const AllowedFolders folders({folder_ / "run"});
  EXPECT_TRUE(folders.Open(folder_ / "run" / "os.squashfs"));
}

TEST_F(AllowedFoldersTest, TheRootIsEverything) {
  const AllowedFolders all({"/"});
  EXPECT_TRUE(all.Open(stick_ / "os.squashfs"));
  EXPECT_TRUE(all.Open(outside_ / "shadow"));
  EXPECT_FALSE(AllowedFolders({}).Open(stick_ / "os.squashfs"));
}

}  // namespace
}  // namespace matic
