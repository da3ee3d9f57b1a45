#include "lib/image/tool.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/fakes/fake_process_runner.h"

namespace matic::image {
namespace {

constexpr Tool kTool = {"mksquashfs", "squashfs-tools"};

TEST(RunTool, ReturnsTheOutput) {
  fakes::FakeProcessRunner runner;
  runner.Script({"mksquashfs", "root", "out"}, ProcessOutcome{0, "done\n"});
  EXPECT_EQ(*RunTool(runner, kTool, {"root", "out"}), "done\n");
}

TEST(RunTool, NamesThePackageOfAMissingTool) {
  fakes::FakeProcessRunner runner;
  const auto output = RunTool(runner, kTool, {"root"});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::kNotFound);
  EXPECT_NE(output.error().message.find("package squashfs-tools"), std::string::npos)
      << output.error().message;
}

TEST(RunTool, ShowsTheEndOfWhatAFailingToolSaid) {
  fakes::FakeProcessRunner runner;
  std::string much;
  for (int i = 0; i < 1000; ++i) much += "line " + std::to_string(i) + "\n";
  runner.Script({"mksquashfs"}, ProcessOutcome{1, much + "No space left on device\n\n"});
  const auto output = RunTool(runner, kTool, {});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::kIo);
  const std::string& message = output.error().message;
  EXPECT_TRUE(message.starts_with("mksquashfs exited with 1: line ")) << message;
  EXPECT_TRUE(message.ends_with("No space left on device")) << message;
  EXPECT_LT(message.size(), 1100u);
}

TEST(RunTool, HandsADeadlineOn) {
  fakes::FakeProcessRunner runner;
  runner.Script({"mksquashfs"}, Fail(ErrorCode::kDeadline, "run mksquashfs: killed"));
  EXPECT_EQ(RunTool(runner, kTool, {}).error().code, ErrorCode::kDeadline);
}

}  // namespace
}  // namespace matic::image
