#include "lib/os/process_runner.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "lib/base/unique_fd.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using SteadyClock = std::chrono::steady_clock;

Result<ProcessOutcome> Shell(const std::string& script, milliseconds deadline = seconds(20)) {
  return SystemProcessRunner().Run({"sh", "-c", script}, deadline);
}

TEST(SystemProcessRunner, GivesExitCodeAndBothOutputs) {
  const Result<ProcessOutcome> outcome = Shell("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->exit_code, 3);
  EXPECT_EQ(outcome->output, "out\nerr\n");
}

TEST(SystemProcessRunner, ErrorsCanBeKeptApart) {
  SystemProcessRunner runner;
  const auto outcome = runner.RunCommand(
      {.argv = {"/bin/sh", "-c", "echo out; echo wrong >&2; exec >&-; sleep 0.1; echo more >&2"},
       .error_output = ErrorOutput::kApart},
      std::chrono::seconds(60));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, "out\n");
  EXPECT_EQ(outcome->errors, "wrong\nmore\n");
}

TEST(SystemProcessRunner, TakesArgumentsAsTheyAre) {
  EXPECT_EQ(SystemProcessRunner().Run({"printf", "%s|", "a b", "$HOME", ""}, seconds(20))->output,
            "a b|$HOME||");
}

TEST(SystemProcessRunner, ASignalIs128AndItsNumber) {
  EXPECT_EQ(Shell("kill -TERM $$")->exit_code, 128 + SIGTERM);
}

TEST(SystemProcessRunner, StdinIsEmpty) { EXPECT_EQ(Shell("cat; echo end")->output, "end\n"); }

TEST(SystemProcessRunner, GivesInputAndEnvironment) {
  const Result<ProcessOutcome> outcome = SystemProcessRunner().RunCommand(
      {.argv = {"sh", "-c", "cat; echo \"$MATIC_TITLE|$HOME|${PATH:+path}\""},
       .environment = {"MATIC_TITLE=a b; $c", "HOME=/elsewhere"},
       .input = "line one\nline two\n",
       .stop = {}},
      seconds(20));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, "line one\nline two\na b; $c|/elsewhere|path\n");
}

TEST(SystemProcessRunner, InputMayBeLongAndMayBeLeftUnread) {
  const std::string input(1 << 20, 'x');
  const auto count = [&](const char* script) {
    return SystemProcessRunner().RunCommand(
        {.argv = {"sh", "-c", script}, .environment = {}, .input = input, .stop = {}}, seconds(20));
  };
  EXPECT_EQ(count("wc -c")->output, std::to_string(input.size()) + "\n");
  EXPECT_EQ(count("echo unread")->output, "unread\n");
}

TEST(SystemProcessRunner, AStopKillsTheProgram) {
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request_stop();
  });
  const Result<ProcessOutcome> outcome = SystemProcessRunner().RunCommand(
      {.argv = {"sleep", "600"}, .environment = {}, .input = {}, .stop = stop.get_token()},
      seconds(590));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
}

TEST(StoppableProcessRunner, StopsWhatRunsAndStartsNoMore) {
  TemporaryFolder folder;
  SystemProcessRunner system;
  std::stop_source stop;
  StoppableProcessRunner runner(system, stop.get_token());
  EXPECT_EQ(runner.Run({"true"}, seconds(20))->exit_code, 0);
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request_stop();
  });
  EXPECT_EQ(runner.Run({"sleep", "600"}, seconds(590)).error().code, ErrorCode::kCancelled);
  const std::string marker = folder / "marker";
  EXPECT_EQ(runner.Run({"touch", marker}, seconds(20)).error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(marker));
}

TEST(SystemProcessRunner, KeepsTheEndOfALongOutput) {
  const Result<ProcessOutcome> outcome = Shell("seq 1 200000");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output.size(), 64u * 1024);
  EXPECT_TRUE(outcome->output.ends_with("\n199999\n200000\n"));
}

TEST(SystemProcessRunner, AProgramThatCannotStart) {
  SystemProcessRunner runner;
  const Result<ProcessOutcome> missing = runner.Run({"/nonexistent/program"}, seconds(5));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("run /nonexistent/program: No such file"));
  const TemporaryFolder folder;
  std::ofstream(folder / "text") << "no program";
  EXPECT_EQ(runner.Run({(folder / "text").string()}, seconds(5)).error().code,
            ErrorCode::kPermission);
  EXPECT_EQ(runner.Run({}, seconds(5)).error().code, ErrorCode::kInvalidArgument);
}

TEST(SystemProcessRunner, KillsTheWholeGroupAtTheDeadline) {
  const TemporaryFolder folder;
  const std::string alive = (folder / "alive").string();
  const SteadyClock::time_point start = SteadyClock::now();
  const Result<ProcessOutcome> outcome =
      Shell("(sleep 2; touch " + alive + ") & sleep 60", milliseconds(300));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kDeadline);
  EXPECT_THAT(outcome.error().message, HasSubstr("run sh: still running after 300 ms"));
  EXPECT_LT(SteadyClock::now() - start, seconds(10));
  std::this_thread::sleep_for(milliseconds(2500));
  EXPECT_FALSE(std::filesystem::exists(alive));
}

// A program that is traced stays in the process table, although it was killed, until its tracer is
// gone: so it does not end, as one that waits for a dead disk.
class Tracer {
 public:
  explicit Tracer(pid_t traced) : pid_(::fork()) {
    if (pid_ != 0) return;
    // Only what is safe after a fork of a program with threads.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) != 0) ::_exit(1);
    for (;;) ::pause();
  }
  ~Tracer() { End(); }
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  bool Traces() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }
  void End() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

TEST(SystemProcessRunner, OneThatDoesNotEndWhenItIsKilledIsLeftBehindAndTakenLater) {
  const TemporaryFolder folder;
  const std::filesystem::path pid_file = folder / "pid";
  SystemProcessRunner runner;
  std::future<Result<ProcessOutcome>> ran = std::async(std::launch::async, [&] {
    return runner.Run({"sh", "-c", "echo $$ > " + pid_file.string() + "; exec sleep 600"},
                      seconds(3));
  });
  pid_t pid = 0;
  while (!(std::ifstream(pid_file) >> pid)) std::this_thread::sleep_for(milliseconds(5));
  Tracer tracer(pid);
  ASSERT_EQ(ran.wait_for(seconds(60)), std::future_status::ready) << "it waits for ever";
  const Result<ProcessOutcome> outcome = ran.get();
  if (!tracer.Traces()) GTEST_SKIP() << "nothing may be traced here";
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kDeadline);
  EXPECT_THAT(outcome.error().message,
              HasSubstr("process " + std::to_string(pid) + " does not end"));

  tracer.End();
  const std::filesystem::path entry = "/proc/" + std::to_string(pid);
  EXPECT_TRUE(std::filesystem::exists(entry)) << "it has ended, and nobody has asked for its end";
  EXPECT_EQ(runner.Run({"true"}, seconds(20))->exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(entry));
}

TEST(SystemProcessRunner, DoesNotWaitForWhatAProgramLeftBehind) {
  const SteadyClock::time_point start = SteadyClock::now();
  const Result<ProcessOutcome> outcome = Shell("sleep 5 & echo done");
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, "done\n");
  EXPECT_LT(SteadyClock::now() - start, seconds(4));
}

TEST(SystemProcessRunner, HandsOnNoOtherDescriptor) {
  const UniqueFd open(::open("/dev/null", O_RDONLY));
  const UniqueFd high(::fcntl(open.get(), F_DUPFD, 100));
  ASSERT_TRUE(high.valid());
  EXPECT_EQ(Shell("test -e /proc/$$/fd/" + std::to_string(high.get()))->exit_code, 1);
}

TEST(SystemProcessRunner, AProgramThatClosesItsOutputIsWaitedFor) {
  const Result<ProcessOutcome> outcome = Shell("exec >&- 2>&-; sleep 0.3; exit 4");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, 4);
}

TEST(SystemProcessRunner, TheOwnEnvironmentCanBeLeftOut) {
  const auto outcome = SystemProcessRunner().RunToEnd({.argv = {"/usr/bin/env"},
                                                       .environment = {"A=1", "B=x y"},
                                                       .own_environment = OwnEnvironment::kLeftOut},
                                                      seconds(20));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, "A=1\nB=x y\n");
}

TEST(SystemProcessRunner, RunsInTheGivenFolder) {
  const TemporaryFolder folder;
  SystemProcessRunner runner;
  Command command{.argv = {"pwd"}, .folder = folder / "."};
  EXPECT_EQ(runner.RunToEnd(command, seconds(20))->output,
            std::filesystem::canonical(folder / ".").string() + "\n");
  command.folder = folder / "absent";
  EXPECT_EQ(runner.RunToEnd(command, seconds(20)).error().code, ErrorCode::kNotFound);
}

TEST(SystemProcessRunner, AtTheDeadlineWhatWasSaidUntilThenIsKept) {
  const auto outcome = SystemProcessRunner().RunToEnd(
      {.argv = {"sh", "-c", "echo waiting for the database; sleep 60"}}, seconds(1));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->end, ProcessEnd::kDeadline);
  EXPECT_EQ(outcome->output, "waiting for the database\n");
}

TEST(SystemProcessRunner, StoppedBeforeItBeganItEndsAtOnce) {
  std::stop_source stop;
  stop.request_stop();
  const auto outcome = SystemProcessRunner().RunToEnd(
      {.argv = {"sleep", "600"}, .stop = stop.get_token()}, seconds(590));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->end, ProcessEnd::kStopped);
  EXPECT_EQ(outcome->exit_code, 128 + SIGKILL);
}

TEST(SystemProcessRunner, WithGraceAProgramMayClearUpBehindItself) {
  const Command command{
      .argv = {"sh", "-c", "trap 'echo clearing up; exit 0' TERM; echo at work; sleep 1000 & wait"},
      .grace = seconds(60)};
  const Result<ProcessOutcome> outcome = SystemProcessRunner().RunToEnd(command, milliseconds(500));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->end, ProcessEnd::kDeadline);
  EXPECT_EQ(outcome->output, "at work\nclearing up\n");
}

TEST(SystemProcessRunner, GraceHasAnEnd) {
  const Command command{.argv = {"sh", "-c", "trap '' TERM; while :; do sleep 1000; done"},
                        .grace = milliseconds(100)};
  const Result<ProcessOutcome> outcome = SystemProcessRunner().RunToEnd(command, milliseconds(500));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->end, ProcessEnd::kDeadline);
  EXPECT_EQ(outcome->exit_code, 128 + SIGKILL);
}

TEST(SystemProcessRunner, KeepsAsMuchOutputAsIsAskedFor) {
  const auto outcome = SystemProcessRunner().RunToEnd(
      {.argv = {"seq", "1", "200000"}, .kept_output = 10}, seconds(20));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "99\n200000\n");
}

}  // namespace
}  // namespace matic
