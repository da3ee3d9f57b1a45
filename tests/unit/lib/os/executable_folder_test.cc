#include "lib/os/executable_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ExecutableFolderTest : public testing::Test {
 protected:
  fs::path Make(const std::string& name, mode_t mode = 0755) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n";
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::vector<std::string> Listed() {
    std::vector<std::string> names;
    const auto entries = ListExecutables(folder_.path());
    EXPECT_TRUE(entries) << entries.error().message;
    for (const FolderEntry& entry : *entries) names.push_back(entry.name);
    return names;
  }

  std::string Refusal(const fs::path& path) {
    const Result<> good = CheckExecutable(path);
    if (good) return "taken";
    EXPECT_EQ(good.error().code, ErrorCode::kPermission);
    return good.error().message;
  }

  const TemporaryFolder folder_;
};

TEST_F(ExecutableFolderTest, TheOrderIsThatOfTheNames) {
  for (const char* name : {"20-b", "100-a", "10-c.sh", "a", "B"}) Make(name);
  EXPECT_THAT(Listed(), ElementsAre("10-c.sh", "100-a", "20-b", "B", "a"));
}

TEST_F(ExecutableFolderTest, WhatOthersLeaveBehindIsLeftOut) {
  for (const char* name :
       {".hidden", "README", "README.txt", "notes.md", "10-a~", "10-a.bak", "10-a.dpkg-new",
        "10-a.dpkg-dist", "10-a.rpmsave", ".10-a.swp", "folder/inside"}) {
    Make(name);
  }
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(ExecutableFolderTest, AFileThatCannotRunIsListedAllTheSame) {
  Make("forgotten", 0644);
  fs::create_symlink("/nonexistent", folder_ / "dangling");
  EXPECT_THAT(Listed(), ElementsAre("dangling", "forgotten"));
}

TEST_F(ExecutableFolderTest, NoFolderIsAnEmptyOneAndAFileIsNone) {
  EXPECT_THAT(*ListExecutables(folder_ / "absent"), IsEmpty());
  EXPECT_FALSE(ListExecutables(Make("file")));
}

TEST_F(ExecutableFolderTest, TooManyEntriesAreRefused) {
  for (int i = 0; i < 65; ++i) Make("h" + std::to_string(i));
  const auto entries = ListExecutables(folder_.path());
  ASSERT_FALSE(entries);
  EXPECT_THAT(entries.error().message, HasSubstr("more than 64"));
}

TEST_F(ExecutableFolderTest, AProgramOfOurOwnIsTaken) {
  EXPECT_EQ(Refusal(Make("hook", 0700)), "taken");
  fs::create_symlink("hook", folder_ / "link");
  EXPECT_EQ(Refusal(folder_ / "link"), "taken");
}

TEST_F(ExecutableFolderTest, WhatOthersCanChangeIsRefused) {
  EXPECT_THAT(Refusal(Make("group", 0775)), HasSubstr("chmod go-w"));
  EXPECT_THAT(Refusal(Make("all", 0757)), HasSubstr("chmod go-w"));
  EXPECT_THAT(Refusal(Make("plain", 0644)), HasSubstr("chmod +x"));
  EXPECT_THAT(Refusal(folder_.path()), HasSubstr("no regular file"));
  EXPECT_EQ(CheckExecutable(folder_ / "absent").error().code, ErrorCode::kNotFound);
}

TEST_F(ExecutableFolderTest, AFolderAboveThatOthersCanChangeIsRefused) {
  const fs::path hook = Make("open/hook");
  ::chmod((folder_ / "open").c_str(), 0777);
  EXPECT_THAT(Refusal(hook), HasSubstr("open can be changed by others"));
  EXPECT_FALSE(CheckPlace(folder_ / "open" / "hook"));
  ::chmod((folder_ / "open").c_str(), 01777);
  EXPECT_EQ(Refusal(hook), "taken") << "sticky, as /tmp";
}

TEST_F(ExecutableFolderTest, ALinkIsNoWayAroundIt) {
  const fs::path good = Make("good/hook");
  const fs::path bad = Make("bad/hook");
  ::chmod((folder_ / "bad").c_str(), 0777);
  fs::create_symlink(good, folder_ / "bad" / "link");
  EXPECT_THAT(Refusal(folder_ / "bad" / "link"), HasSubstr("bad can be changed"));
  fs::create_symlink(bad, folder_ / "good" / "link");
  EXPECT_THAT(Refusal(folder_ / "good" / "link"), HasSubstr("bad can be changed"));
  fs::create_directory_symlink(folder_ / "bad", folder_ / "good" / "folder");
  EXPECT_THAT(Refusal(folder_ / "good" / "folder" / "hook"), HasSubstr("folder can be changed"));
}

TEST_F(ExecutableFolderTest, AnotherUsersProgramIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const fs::path hook = Make("hook");
  ASSERT_EQ(::chown(hook.c_str(), 12345, 0), 0);
  EXPECT_THAT(Refusal(hook), HasSubstr("does not belong to root"));
}

}  // namespace
}  // namespace matic
