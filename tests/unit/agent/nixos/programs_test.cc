#include "agent/nixos/programs.h"

#include <gmock/gmock.h>

namespace matic::nixos {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(ProgramsTest, WhatAProgramSeesIsWhatItIsGiven) {
  SystemProcessRunner processes;
  const Programs programs(processes, {"PATH=/usr/bin:/bin", "HOME=/root"});
  ::setenv("SECRET_OF_THE_AGENT", "hunter2", 1);
  const Result<std::string> output =
      programs.Run({.argv = {"env"}, .deadline = 10s, .environment = {"NIX_PATH=nixpkgs=/x"}}, {});
  ::unsetenv("SECRET_OF_THE_AGENT");
  ASSERT_TRUE(output);
  EXPECT_THAT(*output, AllOf(HasSubstr("HOME=/root\n"), HasSubstr("NIX_PATH=nixpkgs=/x\n"),
                             HasSubstr("GIT_TERMINAL_PROMPT=0\n"), Not(HasSubstr("hunter2"))));
}

TEST(ProgramsTest, AFailureIsQuoted) {
  SystemProcessRunner processes;
  const Programs programs(processes, {"PATH=/usr/bin:/bin"});
  const auto run = programs.Run(
      {.argv = {"sh", "-c", "echo reading; echo 'error: disk full' >&2; exit 3"}, .deadline = 10s},
      {});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kIo);
  EXPECT_EQ(run.error().message, "sh exited with 3: \"reading | error: disk full\"");
}

TEST(ProgramsTest, AnAnswerIsAnExitCode) {
  SystemProcessRunner processes;
  const Programs programs(processes, {"PATH=/usr/bin:/bin"});
  const auto ask = [&](const char* script) {
    return programs.Ask({.argv = {"sh", "-c", script}, .deadline = 10s}, {});
  };
  EXPECT_EQ(ask("exit 0").value(), true);
  EXPECT_EQ(ask("exit 1").value(), false);
  ASSERT_FALSE(ask("exit 128"));
  EXPECT_EQ(ask("exit 128").error().message, "sh exited with 128");
}

TEST(ProgramsTest, WhatIsMissingIsNamed) {
  SystemProcessRunner processes;
  const Programs programs(processes, {"PATH=/usr/bin:/bin"});
  const auto program = programs.Run({.argv = {"no-such-nix"}, .deadline = 10s}, {});
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(program.error().message,
            "no-such-nix is not installed, or not in the PATH of the agent's service");
  const auto folder = programs.Run({.argv = {"true"}, .deadline = 10s, .folder = "/no/where"}, {});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(folder.error().message, "/no/where: there is no such folder");
}

TEST(ProgramsTest, NoneOutlivesItsDeadlineOrAStop) {
  SystemProcessRunner processes;
  const Programs programs(processes, {"PATH=/usr/bin:/bin"});
  const auto late =
      programs.Run({.argv = {"sh", "-c", "echo compiling; sleep 1000"}, .deadline = 2s}, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadline);
  EXPECT_EQ(late.error().message, "sh was not done after 2 s, and ended: \"compiling\"");

  std::stop_source stop;
  stop.request_stop();
  const auto stopped = programs.Run({.argv = {"sleep", "1000"}, .deadline = 1h}, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace matic::nixos
