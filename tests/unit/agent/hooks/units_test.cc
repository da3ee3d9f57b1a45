#include <gmock/gmock.h>

#include "tests/fakes/fake_process_runner.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/hooks/hook_folder.h"

namespace matic::hooks {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class HookUnitsTest : public HookFolder {
 protected:
  Report Run(Stage stage, const Context& context = {}) {
    return Runner(hooks_, processes_, clock_, folder_ / "hook.env").Run(stage, context, {});
  }

  static std::vector<std::string> Start(const std::string& unit) {
    return {"systemctl", "start", "--", unit};
  }
  static std::vector<std::string> Journal(const std::string& which) {
    return {"journalctl", "--boot", "--quiet", "--no-pager", "--lines=5", "--output=cat", which};
  }
  static std::vector<std::string> AskForRun(const std::string& unit) {
    return {"systemctl", "show", "--property=InvocationID", "--value", "--", unit};
  }

  void Link(const std::string& name, const std::string& target) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::filesystem::create_symlink(target, folder_ / name);
  }

  fakes::FakeProcessRunner processes_;
  fakes::ManualClock clock_;
};

TEST_F(HookUnitsTest, AFileNamedAsAServiceStartsIt) {
  Link("pre.d/10-first", "/nonexistent");  // not a unit
  std::filesystem::remove(folder_ / "pre.d/10-first");
  Link("pre.d/10-backup.service", "/etc/systemd/system/backup.service");
  Link("pre.d/20-tell.service.wanted", "tell@ops.service");
  Script("pre.d/sync.service", "");
  for (const char* unit : {"backup.service", "tell@ops.service", "sync.service"}) {
    processes_.Script(Start(unit), ProcessOutcome{0, ""});
  }
  const Report report = Run(Stage::kPre);

  EXPECT_EQ(report.failed, std::nullopt);
  EXPECT_THAT(processes_.runs(), ElementsAre(Start("backup.service"), Start("tell@ops.service"),
                                             Start("sync.service")));
  EXPECT_TRUE(report.hooks[0].required);
  EXPECT_FALSE(report.hooks[1].required);
}

TEST_F(HookUnitsTest, AUnitFindsTheContextInAFile) {
  hooks_.post = {{.unit = "tell.service"}};
  processes_.Script(Start("tell.service"), ProcessOutcome{0, ""});
  Run(Stage::kPost, {.schedule_id = "sched-1", .version = "2.0"});
  EXPECT_EQ(Content("hook.env"),
            "MATIC_HOOK=\"post\"\nMATIC_SCHEDULE_ID=\"sched-1\"\nMATIC_VERSION=\"2.0\"\n");
}

TEST_F(HookUnitsTest, WhatAFailedUnitLastSaidIsQuoted) {
  hooks_.pre = {{.unit = "backup.service"}};
  processes_.Script(Start("backup.service"), ProcessOutcome{1, "Job for backup.service failed.\n"});
  processes_.Script(AskForRun("backup.service"), ProcessOutcome{0, "c0ffee\n"});
  processes_.Script(Journal("_SYSTEMD_INVOCATION_ID=c0ffee"),
                    ProcessOutcome{0, "no space left on /backup\n"});
  processes_.Script(Journal("--unit=backup.service"), ProcessOutcome{0, "Failed to start it.\n"});
  const Report report = Run(Stage::kPre);
  EXPECT_EQ(report.failed,
            "pre hook unit backup.service exited with 1: \"Job for backup.service failed.\"; its "
            "journal: \"no space left on /backup\"");
  EXPECT_EQ(report.hooks[0].output, "no space left on /backup\n");
}

TEST_F(HookUnitsTest, OfASilentUnitWhatSystemdSaysIsQuoted) {
  hooks_.pre = {{.unit = "backup.service"}};
  processes_.Script(Start("backup.service"), ProcessOutcome{1, ""});
  processes_.Script(AskForRun("backup.service"), ProcessOutcome{0, "c0ffee\n"});
  processes_.Script(Journal("_SYSTEMD_INVOCATION_ID=c0ffee"), ProcessOutcome{0, ""});
  processes_.Script(Journal("--unit=backup.service"), ProcessOutcome{0, "Failed with 203.\n"});
  EXPECT_EQ(Run(Stage::kPre).failed,
            "pre hook unit backup.service exited with 1; its journal: \"Failed with 203.\"");
}

TEST_F(HookUnitsTest, WithoutAJournalTheUnitHasFailedAllTheSame) {
  hooks_.pre = {{.unit = "backup.service"}};
  processes_.Script(Start("backup.service"), ProcessOutcome{1, "Job failed.\n"});
  EXPECT_EQ(Run(Stage::kPre).failed, "pre hook unit backup.service exited with 1: \"Job failed.\"");
}

TEST_F(HookUnitsTest, AUnitThatTakesTooLongIsStopped) {
  hooks_.pre = {{.unit = "backup.service"}};
  processes_.Script(Start("backup.service"),
                    ProcessOutcome{.exit_code = 137, .end = ProcessEnd::kDeadline});
  EXPECT_EQ(Run(Stage::kPre).failed,
            "pre hook unit backup.service still ran after 300 s and was killed");
  EXPECT_THAT(processes_.runs(), Contains(std::vector<std::string>{
                                     "systemctl", "stop", "--no-block", "--", "backup.service"}));
}

TEST_F(HookUnitsTest, AnEntryThatOthersCanReplaceIsNotStarted) {
  Link("pre.d/backup.service", "backup.service");
  std::filesystem::permissions(folder_ / "pre.d", std::filesystem::perms(0777));
  EXPECT_THAT(*Run(Stage::kPre).failed, HasSubstr("pre.d can be changed by others"));
  EXPECT_THAT(processes_.runs(), testing::IsEmpty());
}

TEST_F(HookUnitsTest, AScheduleStartsUnitsThatTheMachineOffersOnly) {
  Link("named.d/backup.service", "/nonexistent/backup.service");
  const Runner runner(hooks_, processes_, clock_, folder_ / "hook.env");
  EXPECT_TRUE(runner.CheckNamed({"backup.service"}));
  EXPECT_FALSE(runner.CheckNamed({"poweroff.service"}));
  processes_.Script(Start("backup.service"), ProcessOutcome{0, ""});
  EXPECT_EQ(Run(Stage::kPre, {.named = {"backup.service"}}).failed, std::nullopt);
  EXPECT_NE(Run(Stage::kPre, {.named = {"poweroff.service"}}).failed, std::nullopt);
  EXPECT_THAT(processes_.runs(), ElementsAre(Start("backup.service")));
}

}  // namespace
}  // namespace matic::hooks
