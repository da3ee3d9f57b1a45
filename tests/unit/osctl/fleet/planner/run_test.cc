// Waves and groups: what follows on what while all goes well, and what a group's own failures do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Run, OneMachineIsCheckedStagedActivatedAndReadBack) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.Start();
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("stage a"));
  scene.Staged("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("activate a"));
  scene.Activated("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify a"));
  EXPECT_FALSE(scene.state().finished);
  scene.Verified("a");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
  EXPECT_EQ(scene.end("web"), GroupEnd::kWell);
  EXPECT_TRUE(scene.Decided().finished);
  EXPECT_THAT(scene.Heard(NoticeKind::kRunFinished), ElementsAre("1 updated"));
}

TEST(Run, OneThatRunsItsTargetAlreadyIsOnlyReadBack) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Activated("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify a"));
}

TEST(Run, NothingToDoIsOverAtOnce) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.facts("a").up_to_date = true;
  scene.Start();
  EXPECT_EQ(scene.end("web"), GroupEnd::kWell);
  EXPECT_TRUE(scene.Decided().finished);
}

TEST(Run, CanariesComeFirstThenTheirSoakThenBatches) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a", "b", "c", "d"});
  web.canaries = 1;
  web.soak = seconds(600);
  web.parallel = 2;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  EXPECT_THAT(scene.Next(), ElementsAre("stage a"));
  scene.Update({"a"});
  EXPECT_THAT(scene.Heard(NoticeKind::kWaveDone), ElementsAre("wave 1 of 3: 1 updated"));
  EXPECT_THAT(scene.Next(), IsEmpty());
  EXPECT_EQ(scene.Decided().wake, scene.now() + seconds(600));
  EXPECT_EQ(scene.Decided().waits.at(0).reason, WaitReason::kSoak);
  scene.Pass(seconds(599));
  EXPECT_THAT(scene.Next(), IsEmpty());
  scene.Pass(seconds(1));
  EXPECT_THAT(scene.Decided().actions.at(0).machines, ElementsAre("a"));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("stage b", "stage c"));
  scene.Update({"b", "c"});
  EXPECT_THAT(scene.Begin(), ElementsAre("stage d"));
}

TEST(Run, TheSoakComesAfterTheLastWaveOfCanaries) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a", "b", "c"});
  web.canaries = 2;
  web.soak = seconds(600);
  web.parallel = 1;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"a"});
  EXPECT_THAT(scene.Begin(), ElementsAre("stage b"));
  scene.Update({"b"});
  EXPECT_EQ(scene.group("web").phase, GroupPhase::kSoak);
  scene.Pass(seconds(600));
  EXPECT_THAT(scene.Decided().actions.at(0).machines, ElementsAre("a", "b"));
}

TEST(Run, AGroupThatWasNotTouchedBringsNoStagger) {
  Scene scene;
  scene.settings().skip_offline = true;
  scene.AddGroup("web", {"a"}).stagger = seconds(1800);
  scene.AddGroup("db", {"b"});
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Tell(Failed{"a", "no route to host", true});
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
}

TEST(Run, AWaveEndsOnlyWhenAllItsMachinesAreReadBack) {
  Scene scene;
  scene.AddGroup("web", {"a", "b", "c"}).parallel = 2;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Staged("a");
  scene.Begin();
  scene.Activated("a");
  scene.Begin();
  scene.Verified("a");
  EXPECT_THAT(scene.Begin(), IsEmpty()) << "b is staging still";
  scene.Update({"b"});
  EXPECT_THAT(scene.Begin(), ElementsAre("stage c"));
}

TEST(Run, CanariesAloneBringNoWait) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a"});
  web.canaries = 1;
  web.soak = seconds(600);
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"a"});
  EXPECT_TRUE(scene.state().finished);
}

TEST(Run, AFailedCanaryEndsItsGroup) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"}).canaries = 1;
  scene.AddGroup("db", {"c"});
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Tell(Failed{"a", "disk is full"});
  EXPECT_EQ(scene.end("web"), GroupEnd::kFailed);
  EXPECT_THAT(scene.group("web").reason, HasSubstr("canary 'a' failed: disk is full"));
  EXPECT_EQ(scene.phase("b"), MachinePhase::kNotReached);
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db")) << "others go on";
}

TEST(Run, ACanaryThatIsNotHealthyAfterItsSoakIsRolledBack) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a", "b"});
  web.canaries = 1;
  web.soak = seconds(600);
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"a"});
  scene.Pass(seconds(600));
  scene.Begin();
  scene.Tell(GroupDone{Step::kCheckHealth, 0, false, {"a"}, "a is not healthy"});
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a"));
  scene.OnOld("a");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kRolledBack);
  EXPECT_EQ(scene.phase("b"), MachinePhase::kNotReached);
  EXPECT_EQ(scene.end("web"), GroupEnd::kFailed);
}

TEST(Run, CanariesThatFailTogetherAreRolledBackAsManyAtOnceAsMayBeDown) {
  Scene scene;
  scene.settings().max_parallel = 1;
  Group& web = scene.AddGroup("web", {"a", "b", "c"});
  web.canaries = 2;
  web.soak = seconds(600);
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"a"});
  scene.Update({"b"});
  scene.Pass(seconds(600));
  scene.Begin();
  scene.Tell(GroupDone{Step::kCheckHealth, 0, false, {"a", "b"}, "a and b are not healthy"});
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a"));
  scene.OnOld("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back b"));
}

TEST(Run, AnUnhealthyGroupIsSkippedAndOthersGoOn) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.AddGroup("cache", {"b"});
  scene.AddGroup("db", {"c"});
  scene.AddGroup("front", {"d"}).dependencies = {"web"};
  scene.facts("b").healthy = false;
  scene.facts("b").problem = "degraded";
  scene.Start();
  EXPECT_EQ(scene.end("cache"), GroupEnd::kUnhealthy) << "seen when it was planned";
  EXPECT_THAT(scene.group("cache").reason, HasSubstr("degraded"));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
  scene.Check("web", false);
  EXPECT_EQ(scene.end("web"), GroupEnd::kUnhealthy) << "seen when its turn came";
  EXPECT_EQ(scene.end("front"), GroupEnd::kDependency);
  EXPECT_THAT(scene.group("front").reason, HasSubstr("'web'"));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
  EXPECT_EQ(scene.state().stop, StopCause::kNone);
}

TEST(Run, GroupsFollowWhatTheyDependOnAfterItsStagger) {
  Scene scene;
  scene.AddGroup("front", {"a"}).dependencies = {"db"};
  scene.AddGroup("db", {"b"}).stagger = seconds(1800);
  scene.Start();
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
  scene.Check("db");
  scene.Update({"b"});
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.Decided().waits.at(0).reason, WaitReason::kStagger);
  EXPECT_EQ(scene.Decided().wake, scene.now() + seconds(1800));
  scene.Pass(seconds(1800));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health front"));
}

TEST(Run, ScriptsComeBeforeAndAfterTheirGroup) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a"});
  web.pre_script = "drain";
  web.post_script = "fill";
  scene.Start();
  scene.Begin();
  scene.Check("web");
  EXPECT_EQ(scene.Decided().actions.at(0).script, "drain");
  EXPECT_THAT(scene.Begin(), ElementsAre("pre-script web"));
  scene.Check("web");
  scene.Update({"a"});
  EXPECT_EQ(scene.Decided().actions.at(0).script, "fill");
  EXPECT_THAT(scene.Begin(), ElementsAre("post-script web"));
  scene.Check("web");
  EXPECT_EQ(scene.end("web"), GroupEnd::kWell);
}

TEST(Run, AFailedPreScriptLeavesItsGroupUntouched) {
  Scene scene;
  scene.AddGroup("web", {"a"}).pre_script = "drain";
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Check("web", false);
  EXPECT_EQ(scene.end("web"), GroupEnd::kPreScript);
  EXPECT_EQ(scene.phase("a"), MachinePhase::kNotReached);
  EXPECT_THAT(scene.run("a").reason, HasSubstr("it said no"));
}

TEST(Run, AGroupWaitsForItsApprovalAndHoldsUpNobody) {
  Scene scene;
  scene.AddGroup("web", {"a"}).policy = UpdatePolicy::kManualApproval;
  scene.AddGroup("db", {"b"});
  scene.Start();
  EXPECT_THAT(scene.Heard(NoticeKind::kApprovalNeeded), ElementsAre(HasSubstr("'web'")));
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
  scene.Check("db");
  scene.Update({"b"});
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.Decided().waits.at(0).reason, WaitReason::kApproval);
  scene.Tell(Approved{"web"});
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
}

TEST(Run, AGroupThatNobodyApprovesIsReportedWhenTheRunsTimeIsOver) {
  Scene scene;
  scene.AddGroup("web", {"a"}).policy = UpdatePolicy::kManualApproval;
  scene.Start();
  scene.Pass(scene.settings().run_limit);
  EXPECT_EQ(scene.end("web"), GroupEnd::kNotApproved);
  EXPECT_TRUE(scene.state().finished);
}

TEST(Run, TheControllerComesLastOfAll) {
  Scene scene;
  scene.AddGroup("web", {"me", "a"});
  scene.AddGroup("db", {"b"});
  scene.machine("me").self = true;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"a"});
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
  scene.Check("db");
  scene.Update({"b"});
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("stage me"));
}

}  // namespace
}  // namespace matic::fleet
