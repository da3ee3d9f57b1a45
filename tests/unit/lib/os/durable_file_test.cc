#include "lib/os/durable_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include "tests/unit/lib/os/file_size_limit.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class DurableFileTest : public testing::Test {
 protected:
  std::string Content(const fs::path& path) const {
    const Result<std::string> content = ReadFile(path, 1 << 20);
    EXPECT_TRUE(content) << content.error().message;
    return content.value_or("");
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const TemporaryFolder folder_;
  const fs::path path_ = folder_ / "state.json";
};

TEST_F(DurableFileTest, WritesAndReplaces) {
  ASSERT_TRUE(WriteFileDurably(path_, "one"));
  EXPECT_EQ(Content(path_), "one");
  ASSERT_TRUE(WriteFileDurably(path_, std::string("t\0o", 3), 0644));
  EXPECT_EQ(Content(path_), std::string("t\0o", 3));
  EXPECT_THAT(Names(), UnorderedElementsAre("state.json"));
}

TEST_F(DurableFileTest, AFolderIsMadeOnce) {
  const fs::path inner = folder_ / "trust";
  ASSERT_TRUE(MakeFolderDurably(inner));
  EXPECT_EQ(fs::status(inner).permissions(), fs::perms(0700));
  fs::permissions(inner, fs::perms(0750));
  ASSERT_TRUE(MakeFolderDurably(inner));
  EXPECT_EQ(fs::status(inner).permissions(), fs::perms(0750));
  const Result<> made = MakeFolderDurably(folder_ / "not there" / "trust");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kNotFound);
}

TEST_F(DurableFileTest, TheModeIsTheOneAskedFor) {
  const mode_t before = ::umask(0077);
  ASSERT_TRUE(WriteFileDurably(path_, "", 0644));
  ::umask(before);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0644));
  ASSERT_TRUE(WriteFileDurably(path_, ""));
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0600));
}

TEST_F(DurableFileTest, WhatAPowerLossLeftOfAWriteIsReplaced) {
  std::ofstream(folder_ / ".state.json.new") << "half";
  ASSERT_TRUE(WriteFileDurably(path_, "whole"));
  EXPECT_EQ(Content(path_), "whole");
  EXPECT_THAT(Names(), UnorderedElementsAre("state.json"));
}

TEST_F(DurableFileTest, OnAnErrorTheOldContentStands) {
  ASSERT_TRUE(WriteFileDurably(path_, "old"));
  ASSERT_EXIT(
      {
        LimitFileSize(4096);
        const Result<> written = WriteFileDurably(path_, std::string(8192, 'x'));
        std::fprintf(stderr, "%s\n", written ? "written" : written.error().message.c_str());
        std::exit(0);
      },
      testing::ExitedWithCode(0), "write .*/.state.json.new: File too large");
  EXPECT_EQ(Content(path_), "old");
  EXPECT_THAT(Names(), UnorderedElementsAre("state.json"));
}

TEST_F(DurableFileTest, AMissingFolderIsNamed) {
  const Result<> written = WriteFileDurably(folder_ / "gone/state.json", "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(written.error().message, HasSubstr("gone/.state.json.new"));
}

TEST_F(DurableFileTest, AppendsLines) {
  ASSERT_TRUE(AppendLineDurably(path_, "one"));
  ASSERT_TRUE(AppendLineDurably(path_, "two"));
  EXPECT_EQ(Content(path_), "one\ntwo\n");
  EXPECT_EQ(AppendLineDurably(path_, "three\nfour").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Content(path_), "one\ntwo\n");
}

TEST_F(DurableFileTest, ATornLineIsEndedBeforeTheNext) {
  std::ofstream(path_) << "one\ntw";
  ASSERT_TRUE(AppendLineDurably(path_, "three"));
  EXPECT_EQ(Content(path_), "one\ntw\nthree\n");
}

TEST_F(DurableFileTest, LinesGoNowhereElse) {
  const fs::path victim = folder_ / "victim";
  std::ofstream(victim) << "precious\n";
  for (const fs::path& to : {victim, fs::path("absent")}) {
    fs::create_symlink(to, path_);
    const Result<> appended = AppendLineDurably(path_, "one");
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code, ErrorCode::kPermission);
    EXPECT_EQ(appended.error().message, "append to " + path_.string() +
                                            ": it is a link, which is not followed: see who made "
                                            "it, and remove it");
    EXPECT_TRUE(fs::is_symlink(path_));
    fs::remove(path_);
  }
  EXPECT_EQ(Content(victim), "precious\n");
  EXPECT_FALSE(fs::exists(folder_ / "absent"));
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(AppendLineDurably(path_, "one").error().message, HasSubstr("no regular file"));
}

TEST_F(DurableFileTest, AnAppendThatFailsLeavesTheFileAsItWas) {
  const std::string line(4000, 'x');
  ASSERT_TRUE(AppendLineDurably(path_, line));
  ASSERT_EXIT(
      {
        LimitFileSize(4096);
        std::exit(AppendLineDurably(path_, line) ? 0 : 3);
      },
      testing::ExitedWithCode(3), "");
  EXPECT_EQ(Content(path_), line + "\n");
}

TEST_F(DurableFileTest, ReadsUpToALimit) {
  std::ofstream(path_) << "12345";
  EXPECT_EQ(*ReadFile(path_, 5), "12345");
  const Result<std::string> larger = ReadFile(path_, 4);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ReadFile(folder_ / "gone", 5).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(ReadFile(folder_.path(), 5)) << "a folder";
  EXPECT_TRUE(ReadFile("/proc/self/stat", 1 << 16)->size() > 0) << "a file that says it is empty";
}

TEST_F(DurableFileTest, NamesTheFolderWhoseFileSystemCannotBeSynced) {
  EXPECT_TRUE(SyncFileSystem(folder_.path()));
  const Result<> gone = SyncFileSystem(folder_ / "gone");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
  EXPECT_NE(gone.error().message.find((folder_ / "gone").string()), std::string::npos);
}

TEST_F(DurableFileTest, SetsAsideWithoutReplacing) {
  std::ofstream(path_) << "bad";
  EXPECT_EQ(*SetAside(path_), fs::path(path_.string() + ".bad-1"));
  std::ofstream(path_) << "worse";
  EXPECT_EQ(*SetAside(path_), fs::path(path_.string() + ".bad-2"));
  EXPECT_EQ(Content(path_.string() + ".bad-1"), "bad");
  EXPECT_EQ(Content(path_.string() + ".bad-2"), "worse");
  EXPECT_EQ(SetAside(path_).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace matic
