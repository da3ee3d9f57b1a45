#include "lib/image/root_contents.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

void Link(const fs::path& from, const fs::path& to) {
  fs::create_directories(from.parent_path());
  fs::create_symlink(to, from);
}

// A root that may become an image.
void Fill(const TemporaryFolder& root) {
  root.Put("usr/bin/matic-agent", "program");
  root.Put("usr/lib/os-release", "ID=x\nIMAGE_VERSION=2.0\n");
  root.Put("usr/lib/systemd/system/matic-agent.service", "[Unit]\n");
  root.Put("usr/lib/systemd/system/matic-deadline.service", "[Unit]\n");
  Link(root.path() / "etc/systemd/system/multi-user.target.wants/matic-agent.service",
       "/usr/lib/systemd/system/matic-agent.service");
  Link(root.path() / "usr/lib/systemd/system/sysinit.target.wants/matic-deadline.service",
       "../matic-deadline.service");
}

TEST(CheckRoot, TakesARootThatCanBeUpdatedAgain) {
  const TemporaryFolder root;
  Fill(root);
  const auto contents = CheckRoot(root.path());
  ASSERT_TRUE(contents) << contents.error().message;
  EXPECT_EQ(contents->version, "2.0");
  EXPECT_EQ(contents->os_release, "ID=x\nIMAGE_VERSION=2.0\n");
}

struct Lack {
  const char* name;
  std::function<void(const fs::path&)> apply;
  const char* says;
};

void PrintTo(const Lack& lack, std::ostream* out) { *out << lack.name; }

class LackingRoot : public testing::TestWithParam<Lack> {};

TEST_P(LackingRoot, IsRefused) {
  const TemporaryFolder root;
  Fill(root);
  GetParam().apply(root.path());
  const auto contents = CheckRoot(root.path());
  ASSERT_FALSE(contents);
  EXPECT_EQ(contents.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(contents.error().message.find(GetParam().says), std::string::npos)
      << contents.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    , LackingRoot,
    testing::Values(
        Lack{"NoAgent", [](const fs::path& r) { fs::remove(r / "usr/bin/matic-agent"); },
             "has no usr/bin/matic-agent"},
        Lack{
            "NoAgentUnit",
            [](const fs::path& r) { fs::remove(r / "usr/lib/systemd/system/matic-agent.service"); },
            "has no usr/lib/systemd/system/matic-agent.service"},
        Lack{"NoDeadlineUnit",
             [](const fs::path& r) {
               fs::remove(r / "usr/lib/systemd/system/matic-deadline.service");
             },
             "has no usr/lib/systemd/system/matic-deadline.service"},
        Lack{"DeadlineNotEnabled",
             [](const fs::path& r) {
               fs::remove_all(r / "usr/lib/systemd/system/sysinit.target.wants");
             },
             "matic-deadline.service is not enabled"},
        Lack{"AgentNotEnabled",
             [](const fs::path& r) {
               fs::remove_all(r / "etc/systemd/system/multi-user.target.wants");
             },
             "matic-agent.service is not enabled"},
        Lack{"DeadlineMasked",
             [](const fs::path& r) {
               Link(r / "etc/systemd/system/matic-deadline.service", "/dev/null");
             },
             "matic-deadline.service is masked"},
        Lack{"OthersMayChangeIt", [](const fs::path& r) { fs::permissions(r, fs::perms::all); },
             "can be changed by others than root"},
        Lack{"NoOsRelease", [](const fs::path& r) { fs::remove(r / "usr/lib/os-release"); },
             "has no usr/lib/os-release"},
        Lack{"NoVersion", [](const fs::path& r) { fs::resize_file(r / "usr/lib/os-release", 5); },
             "has no IMAGE_VERSION="}),
    [](const auto& test) { return test.param.name; });

TEST(CheckRoot, WhatIsNoFolderIsNotFound) {
  const auto contents = CheckRoot("/nowhere/at/all");
  ASSERT_FALSE(contents);
  EXPECT_EQ(contents.error().code, ErrorCode::kNotFound);
}

TEST(CheckCommandLine, WantsARebootAfterAPanic) {
  for (const char* good : {"panic=10", "console=ttyS0 panic=-1 quiet", "panic=0 panic=5"}) {
    EXPECT_TRUE(CheckCommandLine(good)) << good;
  }
  for (const char* bad : {"", "quiet", "panic=", "panic=0", "panic=10 panic=0", "xpanic=10",
                          "panic", "panic=10 matic.head=00", "panic=10\nquiet"}) {
    const auto checked = CheckCommandLine(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace matic::image
