#include "lib/os/checked_process_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CheckedProcessRunnerTest : public testing::Test {
 protected:
  ~CheckedProcessRunnerTest() override { ::setenv("PATH", path_.c_str(), 1); }

  fs::path Make(const std::string& name, mode_t mode = 0755) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\necho " << name << "\n";
    ::chmod(path.c_str(), mode);
    return path;
  }

  void SetPath(const std::string& folders) { ::setenv("PATH", folders.c_str(), 1); }

  Error ErrorOf(const Command& command) {
    const auto outcome = checked_.RunToEnd(command, 10s);
    EXPECT_FALSE(outcome);
    return outcome ? Error{} : outcome.error();
  }

  const std::string path_ = ::getenv("PATH");
  const TemporaryFolder folder_;
  SystemProcessRunner system_;
  CheckedProcessRunner checked_{system_};
};

TEST_F(CheckedProcessRunnerTest, AProgramOfOurOwnIsRun) {
  const auto outcome = checked_.Run({Make("good").string()}, 10s);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, "good\n");
}

TEST_F(CheckedProcessRunnerTest, WhatOthersCanChangeIsNotRun) {
  fakes::FakeProcessRunner nobody;
  CheckedProcessRunner checked(nobody);
  const fs::path open = Make("open", 0777);
  const auto outcome = checked.Run({open.string(), "now"}, 10s);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kPermission);
  EXPECT_EQ(outcome.error().message, "run " + open.string() + ": " + open.string() +
                                         " can be changed by others than root: chmod go-w it");
  EXPECT_THAT(nobody.runs(), IsEmpty());
}

TEST_F(CheckedProcessRunnerTest, NorIsOneInAFolderThatOthersCanChange) {
  const fs::path program = Make("folder/program");
  ::chmod((folder_ / "folder").c_str(), 0777);
  EXPECT_THAT(ErrorOf({.argv = {program.string()}}).message,
              HasSubstr("folder can be changed by others than root"));
  SetPath((folder_ / "folder").string());
  EXPECT_THAT(ErrorOf({.argv = {"program"}}).message, StartsWith("run program: the folder "));
}

TEST_F(CheckedProcessRunnerTest, TheFileThatWasFoundInPathIsTheOneThatIsRun) {
  fakes::FakeProcessRunner fake;
  CheckedProcessRunner checked(fake);
  Make("a/program", 0644);  // passed over, as execvp does
  fs::create_directories(folder_ / "b" / "program");
  const fs::path found = Make("c/program");
  Make("d/program");
  std::string folders = (folder_ / "absent").string();
  for (const char* name : {"a", "b", "c", "d"}) folders += ":" + (folder_ / name).string();
  SetPath(folders);
  fake.Script({found.string(), "x"}, ProcessOutcome{});
  EXPECT_TRUE(checked.Run({"program", "x"}, 10s));
  EXPECT_THAT(fake.runs(), ElementsAre(ElementsAre(found.string(), "x")));
}

TEST_F(CheckedProcessRunnerTest, ARelativeOneIsInTheFolderItIsRunIn) {
  Make("below/program");
  const auto outcome =
      checked_.RunToEnd({.argv = {"below/program"}, .folder = folder_.path()}, 10s);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, "below/program\n");
}

TEST_F(CheckedProcessRunnerTest, WhatIsNotThereIsNotFound) {
  SetPath(folder_.path().string());
  EXPECT_EQ(ErrorOf({.argv = {"absent"}}).message, "run absent: No such file or directory");
  EXPECT_EQ(ErrorOf({.argv = {"/absent"}}).code, ErrorCode::kNotFound);
  fs::create_symlink("/nonexistent", folder_ / "dangling");
  EXPECT_EQ(ErrorOf({.argv = {"dangling"}}).code, ErrorCode::kNotFound);
  EXPECT_EQ(ErrorOf({.argv = {}}).code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(ErrorOf({.argv = {Make("plain", 0644).string()}}).message, HasSubstr("chmod +x"));
}

TEST_F(CheckedProcessRunnerTest, WithoutPathItIsTheSystems) {
  ::unsetenv("PATH");
  const auto outcome = checked_.Run({"sh", "-c", "echo here"}, 10s);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, "here\n");
}

}  // namespace
}  // namespace matic
