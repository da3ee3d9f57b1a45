#include "osctl/fleet/inventory/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "lib/os/durable_file.h"
#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::fleet {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr char kFleet[] =
    "# My fleet\n"
    "machines:\n"
    "  a: {host: a}   # in the cellar\n"
    "  b: {host: b}\n"
    "groups:\n"
    "  # Never at once.\n"
    "  web:\n"
    "    machines: [a]\n"
    "    parallel: 2  # no more\n"
    "  db: {machines: [b], dependencies: [web]}\n"
    "settings:\n"
    "  maxParallel: 3\n";

class RewriteTest : public testing::Test {
 protected:
  RewriteTest() {
    file_ = folder_ / "fleet.yaml";
    std::ofstream(file_) << kFleet;
  }

  // What differs, or why nothing was changed.
  std::string Set(const KeyPlace& place, const std::string& key, const std::string& value,
                  Write write = Write::kYes) {
    const auto rewritten = RewriteKey(file_, place, key, value, runner_, write);
    if (rewritten) return ShowChange(*rewritten);
    std::string why = rewritten.error().message;
    if (const size_t at = why.find(folder_.string() + "/"); at != std::string::npos) {
      why.erase(at, folder_.string().size() + 1);
    }
    return why;
  }

  std::string Text() const { return ReadFile(file_, 100'000).value(); }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  fs::path file_;
  fakes::FakeProcessRunner runner_;
};

TEST_F(RewriteTest, ChangesOneLine) {
  EXPECT_EQ(Set({.groups = {"web"}}, "parallel", "1"),
            "-    parallel: 2  # no more\n+    parallel: 1  # no more\n");
  std::string expected = kFleet;
  expected.replace(expected.find("parallel: 2"), 11, "parallel: 1");
  EXPECT_EQ(Text(), expected);
}

TEST_F(RewriteTest, AddsWhatIsNotThere) {
  EXPECT_EQ(Set({.groups = {"web"}}, "allowReboot", "false"), "+    allowReboot: false\n");
  EXPECT_EQ(Set({.groups = {"db"}}, "canary.count", "2"),
            "-  db: {machines: [b], dependencies: [web]}\n"
            "+  db: {machines: [b], dependencies: [web], canary: {count: 2}}\n");
  EXPECT_EQ(Set({.machines = {"a"}}, "tags", "[cellar]"),
            "-  a: {host: a}   # in the cellar\n+  a: {host: a, tags: [cellar]}   # in the "
            "cellar\n");
  EXPECT_EQ(Set({}, "runLimit", "3h"), "+  runLimit: 3h\n");
  EXPECT_EQ(Set({}, "settings.maxParallel", "5"), "-  maxParallel: 3\n+  maxParallel: 5\n");
  EXPECT_EQ(Set({}, "name", "home"), "+name: home\n");
}

TEST_F(RewriteTest, SetsAKeyOfSeveralGroups) {
  EXPECT_EQ(Set({.groups = {"web", "db"}}, "updatePolicy", "manual-approval"),
            "-  db: {machines: [b], dependencies: [web]}\n"
            "+    updatePolicy: manual-approval\n"
            "+  db: {machines: [b], dependencies: [web], updatePolicy: manual-approval}\n");
}

TEST_F(RewriteTest, WhatWouldBeWrongIsNotWritten) {
  EXPECT_EQ(Set({.groups = {"web"}}, "parallel", "many"),
            "fleet.yaml:9: groups.web.parallel: must be a number from 1 to 20000, is 'many'");
  EXPECT_EQ(Set({.groups = {"web"}}, "paralel", "1"),
            "fleet.yaml:10: groups.web.paralel: no such key");
  EXPECT_EQ(Set({.groups = {"web"}}, "dependencies", "[db]"),
            "fleet.yaml:7: groups.web.dependencies: depends on itself: web → db → web");
  EXPECT_EQ(Set({.groups = {"wep"}}, "parallel", "1"), "the inventory has no group 'wep'");
  EXPECT_EQ(Set({.machines = {"c"}}, "host", "c"), "the inventory has no machine 'c'");
  EXPECT_EQ(Set({}, "settings.", "1"), "'settings.' is not a key");
  EXPECT_EQ(Text(), kFleet);
}

TEST_F(RewriteTest, CanOnlyBeChecked) {
  EXPECT_EQ(Set({}, "maxParallel", "4", Write::kOnlyChecked),
            "-  maxParallel: 3\n+  maxParallel: 4\n");
  EXPECT_EQ(Text(), kFleet);
}

TEST_F(RewriteTest, RepairsAFileThatIsWrong) {
  std::ofstream(file_) << "machines: {a: {host: a}}\nsettings: {maxParallel: none}\n";
  EXPECT_EQ(Set({}, "maxParallel", "4"),
            "-settings: {maxParallel: none}\n+settings: {maxParallel: 4}\n");
  EXPECT_THAT(Text(), HasSubstr("maxParallel: 4"));
}

TEST_F(RewriteTest, LinkAndModeStay) {
  fs::rename(file_, folder_ / "real.yaml");
  ::chmod((folder_ / "real.yaml").c_str(), 0640);
  fs::create_symlink("real.yaml", file_);
  EXPECT_NE(Set({}, "maxParallel", "4"), "");
  EXPECT_TRUE(fs::is_symlink(file_));
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  EXPECT_THAT(Text(), HasSubstr("maxParallel: 4"));
}

}  // namespace
}  // namespace matic::fleet
