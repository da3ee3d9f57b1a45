#include <gmock/gmock.h>

#include <thread>

#include "tests/unit/agent/hooks/hook_folder.h"

namespace matic::hooks {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Real programs, as they are run on a machine.
class HookProgramsTest : public HookFolder {
 protected:
  Report Run(Stage stage, const Context& context = {}, std::stop_token stop = {}) {
    return Runner(hooks_, processes_, clock_, folder_ / "hook.env").Run(stage, context, stop);
  }

  SystemProcessRunner processes_;
  SystemClock clock_;
};

TEST_F(HookProgramsTest, WithoutHooksAllIsWell) {
  const Report report = Run(Stage::kPre);
  EXPECT_THAT(report.hooks, IsEmpty());
  EXPECT_EQ(report.failed, std::nullopt);
}

TEST_F(HookProgramsTest, AStagesHooksRunInTheOrderOfTheirNames) {
  const std::string log = (folder_ / "log").string();
  Script("pre.d/20-b", "echo 20-b >> " + log);
  Script("pre.d/10-a.sh", "echo 10-a >> " + log);
  Script("post.d/10-other", "echo other >> " + log);
  hooks_.pre = {{.command = {"sh", "-c", "echo configured >> " + log}}};
  Script("named.d/mine", "echo mine >> " + log);
  const Report report = Run(Stage::kPre, {.named = {"mine"}});

  EXPECT_EQ(report.failed, std::nullopt);
  EXPECT_EQ(Content("log"), "10-a\n20-b\nconfigured\nmine\n");
  EXPECT_THAT(NamesOf(report),
              ElementsAre("pre.d/10-a.sh", "pre.d/20-b", "command sh -c echo configured >> " + log,
                          "named.d/mine"));
  for (const HookResult& hook : report.hooks) {
    EXPECT_TRUE(hook.passed) << hook.name << " " << hook.problem;
    EXPECT_EQ(hook.exit_code, 0);
  }
}

TEST_F(HookProgramsTest, AHookKnowsItsUpdateAndNothingElse) {
  ::setenv("SECRET_OF_THE_AGENT", "hunter2", 1);
  Script("post.d/10-env", "pwd; env | sort | grep -v '^PATH='");
  const Report report = Run(Stage::kPost, {.schedule_id = "sched-1", .version = "2.0 beta"});
  ::unsetenv("SECRET_OF_THE_AGENT");
  ASSERT_EQ(report.hooks.size(), 1u);
  EXPECT_EQ(report.hooks[0].output,
            "/\nHOME=/\nLANG=C.UTF-8\nMATIC_HOOK=post\nMATIC_SCHEDULE_ID=sched-1\n"
            "MATIC_VERSION=2.0 beta\nPWD=/\n");
}

TEST_F(HookProgramsTest, AFailingPreHookIsTheLastOne) {
  Script("pre.d/10-good", "exit 0");
  Script("pre.d/20-bad", "echo backing up; echo 'no space on /backup' >&2; exit 3");
  Script("pre.d/30-never", "touch " + (folder_ / "ran").string());
  const Report report = Run(Stage::kPre);

  EXPECT_EQ(report.failed,
            "pre hook pre.d/20-bad exited with 3: \"backing up | no space on /backup\"");
  EXPECT_THAT(NamesOf(report), ElementsAre("pre.d/10-good", "pre.d/20-bad"));
  EXPECT_EQ(report.hooks[1].exit_code, 3);
  EXPECT_EQ(report.hooks[1].output, "backing up\nno space on /backup\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ran"));
}

TEST_F(HookProgramsTest, WhatMayFailStopsNothing) {
  Script("pre.d/10-tell.wanted", "exit 1");
  hooks_.pre = {{.command = {"false"}, .required = false}};
  Script("pre.d/20-good", "exit 0");
  const Report report = Run(Stage::kPre);

  EXPECT_EQ(report.failed, std::nullopt);
  ASSERT_EQ(report.hooks.size(), 3u);
  EXPECT_FALSE(report.hooks[0].required);
  EXPECT_FALSE(report.hooks[0].passed);
  EXPECT_TRUE(report.hooks[1].passed);
  EXPECT_FALSE(report.hooks[2].passed);
}

TEST_F(HookProgramsTest, AfterAnUpdateAndOnTheWayBackAllAreRun) {
  for (const Stage stage : {Stage::kPost, Stage::kRollback}) {
    const std::string folder = std::string(StageName(stage)) + ".d/";
    Script(folder + "10-bad", "exit 1");
    Script(folder + "20-bad", "exit 2");
    Script(folder + "30-good", "exit 0");
    const Report report = Run(stage);
    EXPECT_EQ(report.hooks.size(), 3u);
    EXPECT_EQ(report.failed,
              std::string(StageName(stage)) + " hook " + folder + "10-bad exited with 1");
  }
}

TEST_F(HookProgramsTest, AHookThatHangsIsKilledAtItsDeadline) {
  hooks_.deadline = 1s;
  Script("pre.d/10-hangs", "echo waiting for the queue; sleep 600 & sleep 600");
  const Report report = Run(Stage::kPre);
  EXPECT_EQ(
      report.failed,
      "pre hook pre.d/10-hangs still ran after 1 s and was killed: \"waiting for the queue\"");
  EXPECT_EQ(report.hooks[0].exit_code, std::nullopt);
  EXPECT_GE(report.hooks[0].duration, 1s);
}

TEST_F(HookProgramsTest, StoppedTheRunningHookIsKilledAndNoneFollows) {
  const std::filesystem::path started = folder_ / "started";
  Script("post.d/10-long", "touch " + started.string() + "; sleep 600");
  Script("post.d/20-never", "touch " + (folder_ / "ran").string());
  std::stop_source stop;
  std::jthread stopper([&] {
    while (!std::filesystem::exists(started)) std::this_thread::sleep_for(5ms);
    stop.request_stop();
  });
  const Report report = Run(Stage::kPost, {}, stop.get_token());
  EXPECT_EQ(report.failed, "post hook post.d/10-long was stopped");
  EXPECT_EQ(report.hooks.size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ran"));
}

TEST_F(HookProgramsTest, WhatOthersCanChangeIsNotRun) {
  const std::string ran = (folder_ / "ran").string();
  Script("pre.d/10-open", "touch " + ran, 0777);
  EXPECT_THAT(*Run(Stage::kPre).failed,
              HasSubstr("pre.d/10-open can be changed by others than root: chmod go-w it"));
  Script("post.d/10-plain", "touch " + ran, 0644);
  EXPECT_THAT(*Run(Stage::kPost).failed, HasSubstr("is not executable: chmod +x it"));
  Script("rollback.d/10-good", "touch " + ran);
  std::filesystem::permissions(folder_ / "rollback.d", std::filesystem::perms(0777));
  EXPECT_THAT(*Run(Stage::kRollback).failed, HasSubstr("rollback.d can be changed by others"));
  EXPECT_FALSE(std::filesystem::exists(ran));
}

TEST_F(HookProgramsTest, AHookThatCannotStartHasFailed) {
  std::filesystem::create_directory(folder_ / "pre.d");
  std::ofstream(folder_ / "pre.d/10-wrong") << "#!/nonexistent/interpreter\n";
  std::filesystem::permissions(folder_ / "pre.d/10-wrong", std::filesystem::perms(0755));
  EXPECT_THAT(*Run(Stage::kPre).failed, HasSubstr("No such file"));
}

TEST_F(HookProgramsTest, AFolderThatCannotBeReadStopsTheUpdate) {
  std::ofstream(folder_ / "pre.d") << "a file";
  EXPECT_THAT(*Run(Stage::kPre).failed, HasSubstr("pre.d: Not a directory"));
}

TEST_F(HookProgramsTest, TheOutputIsBoundedAndClean) {
  Script("pre.d/10-loud", "seq 1 100000; printf '\\377\\033[31mred\\n'");
  const HookResult hook = Run(Stage::kPre).hooks[0];
  EXPECT_LE(hook.output.size(), 4096u);
  EXPECT_THAT(hook.output, testing::EndsWith("\n100000\n??[31mred\n"));
}

TEST_F(HookProgramsTest, AScheduleNamesWhatTheMachineHas) {
  const Runner runner(hooks_, processes_, clock_, folder_ / "hook.env");
  Script("named.d/mine", "exit 0");
  Script("named.d/open", "exit 0", 0777);
  EXPECT_TRUE(runner.CheckNamed({}));
  EXPECT_TRUE(runner.CheckNamed({"mine", (folder_ / "named.d/mine").string()}));
  EXPECT_EQ(runner.CheckNamed({"open"}).error().code, ErrorCode::kPermission);
  EXPECT_EQ(runner.CheckNamed({"absent"}).error().code, ErrorCode::kNotFound);
  for (const char* name : {"", ".", "..", "../pre.d/x", "/bin/sh", ".hidden", "a/b"}) {
    EXPECT_EQ(runner.CheckNamed({name}).error().code, ErrorCode::kInvalidArgument) << name;
  }
  EXPECT_THAT(*Run(Stage::kPre, {.named = {"/bin/sh"}}).failed,
              HasSubstr("a schedule's hooks are files in"));
  EXPECT_THAT(*Run(Stage::kPre, {.named = {"absent"}}).failed, HasSubstr("No such file"));
}

}  // namespace
}  // namespace matic::hooks
