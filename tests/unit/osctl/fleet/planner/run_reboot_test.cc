// Reboots, and the times at which a run may do what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/calendar/date_range.h"
#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Up to where the machines of the first wave wait for their reboots.
void ReachReboots(Scene& scene, const std::vector<std::string>& machines,
                  WallTime start = Clock(12)) {
  scene.Start(start);
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  for (const std::string& machine : machines) scene.Staged(machine);
  scene.Begin();
  for (const std::string& machine : machines) scene.RebootNeeded(machine);
}

TEST(RunReboot, EndsWithTheTargetReadBack) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  ReachReboots(scene, {"a"});
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
  scene.Activated("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify a"));
  scene.Verified("a");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
}

TEST(RunReboot, WhereItIsNotAllowedItStaysPending) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"}).allow_reboot = false;
  scene.facts("b").reboot_pending = true;
  ReachReboots(scene, {"a"});
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.phase("a"), MachinePhase::kRebootPending);
  EXPECT_EQ(scene.end("web"), GroupEnd::kWell);
  EXPECT_EQ(scene.plan().left_out.at(0).reason, LeftOutReason::kRebootPending);
}

TEST(RunReboot, ComesInTheListedOrderOneAfterTheOther) {
  Scene scene;
  scene.settings().reboot_stagger = seconds(600);
  scene.AddGroup("web", {"a", "b", "c"});
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Staged("b");
  scene.Staged("c");
  scene.Begin();
  scene.RebootNeeded("b");
  scene.RebootNeeded("c");
  EXPECT_THAT(scene.Begin(), IsEmpty()) << "a comes first";
  scene.Staged("a");
  scene.Begin();
  scene.RebootNeeded("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
  EXPECT_EQ(scene.Decided().waits.at(0).reason, WaitReason::kRebootStagger);
  EXPECT_EQ(scene.Decided().wake, scene.now() + seconds(600));
  scene.Pass(seconds(600));
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot b"));
  scene.Pass(seconds(599));
  EXPECT_THAT(scene.Begin(), IsEmpty());
  scene.Pass(seconds(1));
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot c"));
}

TEST(RunReboot, MayComeAfterAllGroupsWereActivated) {
  Scene scene;
  scene.settings().reboots = RebootOrder::kAfterAll;
  scene.AddGroup("web", {"a", "me"});
  scene.AddGroup("db", {"b"}).dependencies = {"web"};
  scene.machine("me").self = true;
  ReachReboots(scene, {"a"});
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
  scene.Check("db");
  scene.Begin();
  scene.Staged("b");
  scene.Begin();
  scene.RebootNeeded("b");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a")) << "b's group depends on a's";
  scene.Activated("a");
  scene.Begin();
  scene.Verified("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot b"));
  scene.Activated("b");
  scene.Begin();
  scene.Verified("b");
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web")) << "of the controller";
}

TEST(RunReboot, ItsFailureStopsTheRun) {
  Scene scene;
  scene.settings().on_reboot_failure = OnRebootFailure::kStop;
  scene.AddGroup("web", {"a", "b"}).parallel = 1;
  ReachReboots(scene, {"a"});
  scene.Begin();
  scene.Tell(Failed{"a", "did not come back", false});
  EXPECT_EQ(scene.state().stop, StopCause::kRebootFailed);
  EXPECT_EQ(scene.phase("b"), MachinePhase::kNotReached);
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a"));
}

TEST(RunReboot, ItsFailureMayOnlyBeReported) {
  Scene scene;
  scene.settings().on_reboot_failure = OnRebootFailure::kWarn;
  Group& web = scene.AddGroup("web", {"a", "b"});
  web.parallel = 1;
  web.max_failures = {0, false};
  ReachReboots(scene, {"a"});
  scene.Begin();
  scene.OnOld("a");
  EXPECT_EQ(scene.state().stop, StopCause::kNone);
  EXPECT_THAT(scene.Heard(NoticeKind::kMachineFailed), ElementsAre(HasSubstr("did not start")));
  EXPECT_THAT(scene.Begin(), ElementsAre("stage b"));
}

TEST(RunReboot, OfWhatWasActivatedBeforeTheRunIsAllThatIsDone) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.facts("a").reboot_pending = true;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
}

TEST(RunReboot, OfWhatWasActivatedBeforeTheRunIsLeftPendingByAStop) {
  Scene scene;
  scene.settings().reboot_stagger = seconds(600);
  scene.AddGroup("web", {"a", "b"});
  scene.facts("a").reboot_pending = true;
  scene.facts("b").reboot_pending = true;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
  scene.Tell(Stopped{true, ""});
  EXPECT_EQ(scene.phase("b"), MachinePhase::kRebootPending);
  EXPECT_THAT(scene.Begin(), IsEmpty());
}

TEST(RunReboot, OfWhatWasActivatedBeforeTheRunIsNotTakenBackForAnothersFailure) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"}).max_failures = {0, false};
  scene.facts("b").reboot_pending = true;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("stage a")) << "b reboots after a";
  scene.Tell(Failed{"a", "disk is full", false});
  EXPECT_EQ(scene.state().stop, StopCause::kFailures);
  EXPECT_EQ(scene.phase("b"), MachinePhase::kRebootPending);
}

TEST(RunReboot, OfAMachineThatNeverAnswersHasNotChangedIt) {
  for (const bool skip : {true, false}) {
    Scene scene;
    scene.settings().skip_offline = skip;
    scene.AddGroup("web", {"a"});
    scene.facts("a").reboot_pending = true;
    scene.Start();
    scene.Begin();
    scene.Check("web");
    scene.Begin();
    scene.Tell(Failed{"a", "no route to host", true});
    EXPECT_EQ(scene.phase("a"), skip ? MachinePhase::kSkipped : MachinePhase::kFailed);
    EXPECT_THAT(scene.Begin(), IsEmpty()) << "nothing is to be rolled back";
    EXPECT_FALSE(scene.run("a").lost);
  }
}

TEST(RunReboot, AfterAllAFailureGivesUpWhatDependsOnIt) {
  Scene scene;
  scene.settings().reboots = RebootOrder::kAfterAll;
  scene.settings().on_reboot_failure = OnRebootFailure::kWarn;
  scene.AddGroup("web", {"a"});
  Group& db = scene.AddGroup("db", {"b", "c"});
  db.dependencies = {"web"};
  db.parallel = 1;
  ReachReboots(scene, {"a"});
  scene.Begin();
  scene.Check("db");
  scene.Begin();
  scene.Staged("b");
  scene.Begin();
  scene.RebootNeeded("b");
  scene.Begin();
  scene.Staged("c");
  scene.Begin();
  scene.RebootNeeded("c");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
  scene.OnOld("a");
  EXPECT_EQ(scene.end("web"), GroupEnd::kFailed) << "none of it was updated";
  EXPECT_EQ(scene.end("db"), GroupEnd::kDependency);
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back b")) << "one at a time";
}

TEST(RunTimes, NothingBeginsOutsideItsWindow) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a"});
  web.windows = {*calendar::ParseWindow("02:00-05:00")};
  web.timezone = "UTC";
  scene.Start(Clock(1, 30));
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.Decided().waits.at(0).reason, WaitReason::kWindow);
  EXPECT_EQ(scene.Decided().wake, Clock(2));
  scene.Pass(seconds(1800));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
}

TEST(RunTimes, ARebootThatTheWindowCameTooEarlyForIsLeftPending) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a"});
  web.windows = {*calendar::ParseWindow("02:00-05:00")};
  web.timezone = "UTC";
  scene.Start(Clock(4, 30));
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Staged("a");
  scene.Begin();
  scene.Pass(seconds(3000));  // until 05:20
  scene.RebootNeeded("a");
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.Decided().wake, scene.now()) << "it never comes: a Tick says so";
  scene.Tell(Tick{});
  EXPECT_EQ(scene.phase("a"), MachinePhase::kRebootPending);
  EXPECT_EQ(scene.end("web"), GroupEnd::kWindow);
}

TEST(RunTimes, AGroupWhoseWindowDoesNotComeIsReportedAndOthersGoOn) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a"});
  web.windows = {*calendar::ParseWindow("02:00-05:00")};
  web.timezone = "UTC";
  scene.AddGroup("db", {"b"});
  scene.Start(Clock(12));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
  scene.Tell(Tick{});
  EXPECT_EQ(scene.end("web"), GroupEnd::kWindow);
  EXPECT_THAT(scene.group("web").reason, HasSubstr("02:00-05:00"));
}

TEST(RunTimes, NothingBeginsInABlackout) {
  Scene scene;
  scene.settings().run_limit = std::chrono::hours(24);
  scene.settings().blackouts = {*calendar::ParseDateRange("2026-03-02")};
  scene.settings().blackout_timezone = "UTC";
  scene.AddGroup("web", {"a"});
  scene.Start(Clock(20));
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.Decided().wake, Clock(24));
  scene.Pass(std::chrono::hours(4));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
}

}  // namespace
}  // namespace matic::fleet
