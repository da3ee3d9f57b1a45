// What failures of machines bring about: thresholds, rollbacks, places that stay taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A run in the wave of its only group, of which all machines run their target and are verified.
void ReachVerify(Scene& scene, const std::vector<std::string>& machines) {
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  for (const std::string& machine : machines) scene.Staged(machine);
  scene.Begin();
  for (const std::string& machine : machines) scene.Activated(machine);
  scene.Begin();
}

TEST(RunFailure, MoreThanMayFailStopTheRun) {
  Scene scene;
  Group& web = scene.AddGroup("web", {"a", "b", "c", "d"});
  web.parallel = 2;
  web.max_failures = {1, false};
  scene.AddGroup("db", {"e"});
  ReachVerify(scene, {"a", "b"});
  scene.Unhealthy("a");
  EXPECT_EQ(scene.state().stop, StopCause::kNone) << "one may";
  scene.Unhealthy("b");
  EXPECT_EQ(scene.state().stop, StopCause::kFailures);
  EXPECT_EQ(scene.phase("c"), MachinePhase::kNotReached);
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a", "roll-back b"));
  scene.OnOld("a");
  scene.OnOld("b");
  EXPECT_EQ(scene.end("web"), GroupEnd::kFailed);
  EXPECT_EQ(scene.end("db"), GroupEnd::kStopped);
  EXPECT_TRUE(scene.state().finished);
  EXPECT_THAT(scene.Heard(NoticeKind::kRunFinished), ElementsAre("2 rolled-back, 3 not-reached"));
}

TEST(RunFailure, ThresholdsMayBePercentages) {
  Scene scene;
  scene.AddGroup("web", {"a", "b", "c", "d"}).max_failures = {50, true};
  ReachVerify(scene, {"a", "b", "c", "d"});
  scene.Unhealthy("a");
  scene.Unhealthy("b");
  EXPECT_EQ(scene.state().stop, StopCause::kNone);
  scene.Unhealthy("c");
  EXPECT_EQ(scene.state().stop, StopCause::kFailures);
}

TEST(RunFailure, ASilentMachineFailsWhenItsDeadlineIsOver) {
  Scene scene;
  scene.settings().machine_deadline = seconds(1000);
  scene.AddGroup("web", {"a", "b"});
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Pass(seconds(400));
  scene.Staged("a");
  scene.Staged("b");
  EXPECT_EQ(scene.Decided().actions.at(0).deadline, scene.now() + seconds(600))
      << "of all its steps together";
  scene.Begin();
  EXPECT_EQ(scene.Decided().wake, scene.now() + seconds(600));
  scene.Pass(seconds(599));
  EXPECT_EQ(scene.phase("a"), MachinePhase::kActivating);
  scene.Pass(seconds(1));
  EXPECT_EQ(scene.phase("a"), MachinePhase::kRollingBack);
  EXPECT_THAT(scene.Heard(NoticeKind::kMachineFailed).at(0), HasSubstr("deadline"));
  scene.Begin();
  scene.Pass(seconds(1000));
  EXPECT_EQ(scene.phase("a"), MachinePhase::kFailed) << "silent for its rollback, too";
  EXPECT_TRUE(scene.state().finished);
  EXPECT_EQ(scene.end("web"), GroupEnd::kFailed) << "no machine of it is left";
}

TEST(RunFailure, VerifyingHasTheHealthChecksTimeWhateverWasSpentBefore) {
  Scene scene;
  scene.settings().machine_deadline = seconds(1000);
  scene.AddGroup("web", {"a"});
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Pass(seconds(999));
  scene.Activated("a");
  EXPECT_EQ(scene.Decided().actions.at(0).deadline, scene.now() + seconds(300));
}

TEST(RunFailure, OnlyTheMachineIsRolledBack) {
  Scene scene;
  scene.settings().rollback_on_failure = RollbackScope::kMachine;
  scene.AddGroup("web", {"a", "b"});
  ReachVerify(scene, {"a", "b"});
  scene.Verified("a");
  scene.Unhealthy("b");
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back b"));
  scene.OnOld("b");
  EXPECT_EQ(scene.phase("b"), MachinePhase::kRolledBack);
  EXPECT_EQ(scene.run("b").reason, "nginx is down");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
  EXPECT_EQ(scene.end("web"), GroupEnd::kWell) << "as many may fail";
}

TEST(RunFailure, TheWaveIsRolledBack) {
  Scene scene;
  scene.settings().rollback_on_failure = RollbackScope::kWave;
  scene.AddGroup("web", {"a", "b", "c", "d"}).parallel = 2;
  ReachVerify(scene, {"a", "b"});
  scene.Verified("a");
  scene.Verified("b");
  scene.Begin();
  scene.Staged("c");
  scene.Begin();
  scene.Activated("c");
  scene.Begin();
  scene.Verified("c");
  scene.Staged("d");
  scene.Begin();
  scene.Activated("d");
  scene.Begin();
  scene.Unhealthy("d");
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back c", "roll-back d"));
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
  EXPECT_FALSE(scene.run("c").failed);
}

TEST(RunFailure, TheGroupIsRolledBack) {
  Scene scene;
  scene.settings().rollback_on_failure = RollbackScope::kGroup;
  Group& web = scene.AddGroup("web", {"a", "b", "c"});
  web.parallel = 1;
  web.rollback_script = "tell";
  ReachVerify(scene, {"a"});
  scene.Verified("a");
  scene.Update({});
  scene.Staged("b");
  scene.Begin();
  scene.Activated("b");
  scene.Begin();
  scene.Unhealthy("b");
  EXPECT_EQ(scene.phase("c"), MachinePhase::kNotReached);
  // One at a time, as the group has it.
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back b"));
  scene.OnOld("b");
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a"));
  scene.OnOld("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("rollback-script web"));
  scene.Check("web");
  EXPECT_EQ(scene.end("web"), GroupEnd::kFailed);
}

TEST(RunFailure, NothingIsRolledBackWhereItIsNotWanted) {
  Scene scene;
  scene.settings().rollback_on_failure = RollbackScope::kNone;
  scene.AddGroup("web", {"a", "b"});
  ReachVerify(scene, {"a", "b"});
  scene.Unhealthy("a");
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.phase("a"), MachinePhase::kFailed);
}

TEST(RunFailure, AMachineThatFellBackByItselfIsNotRolledBackAgain) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"});
  ReachVerify(scene, {"a", "b"});
  scene.OnOld("a");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kRolledBack);
  EXPECT_TRUE(scene.run("a").failed);
  EXPECT_THAT(scene.Begin(), IsEmpty());
}

TEST(RunFailure, OneThatStaysDownTakesAPlace) {
  Scene scene;
  scene.settings().max_parallel = 2;
  scene.AddGroup("web", {"a", "b", "c", "d", "e", "f"});
  ReachVerify(scene, {"a", "b"});
  scene.Unhealthy("a");
  scene.Verified("b");
  scene.Begin();
  scene.Tell(Failed{"a", "no answer", false});
  ASSERT_EQ(scene.phase("a"), MachinePhase::kFailed);
  EXPECT_THAT(scene.Begin(), ElementsAre("stage c", "stage d"));
  scene.Staged("c");
  scene.Staged("d");
  EXPECT_THAT(scene.Begin(), ElementsAre("activate c")) << "there is one place left";
  scene.Activated("c");
  scene.Begin();
  scene.Verified("c");
  EXPECT_THAT(scene.Begin(), ElementsAre("activate d"));
  scene.Tell(Failed{"d", "no answer", false});
  scene.Begin();
  scene.Tell(Failed{"d", "no answer", false});
  EXPECT_EQ(scene.state().stop, StopCause::kNoCapacity);
  EXPECT_EQ(scene.phase("e"), MachinePhase::kNotReached);
}

TEST(RunFailure, OneThatIsOfflineIsSkippedWhereItMay) {
  Scene scene;
  scene.settings().skip_offline = true;
  scene.AddGroup("web", {"a", "b", "gone"}).max_failures = {0, false};
  scene.facts("gone").reachable = false;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Tell(Failed{"a", "no route to host", true});
  EXPECT_EQ(scene.phase("a"), MachinePhase::kSkipped);
  EXPECT_EQ(scene.run("a").reason, "no route to host");
  scene.Update({"b"});
  EXPECT_EQ(scene.end("web"), GroupEnd::kWell);
  EXPECT_EQ(scene.plan().left_out.at(0).reason, LeftOutReason::kOffline);
}

TEST(RunFailure, OneThatIsOfflineIsAFailureElse) {
  Scene scene;
  scene.AddGroup("web", {"a", "b", "gone"}).max_failures = {1, false};
  scene.AddGroup("db", {"c"});
  scene.facts("gone").reachable = false;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  EXPECT_EQ(scene.state().stop, StopCause::kNone) << "one may be";
  scene.Begin();
  scene.Tell(Failed{"a", "no route to host", true});
  EXPECT_EQ(scene.phase("a"), MachinePhase::kFailed);
  EXPECT_EQ(scene.state().stop, StopCause::kFailures);
}

TEST(RunFailure, DependantsOfAFailedGroupAreNotStarted) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.AddGroup("front", {"b"}).dependencies = {"web"};
  scene.AddGroup("last", {"c"}).dependencies = {"front"};
  ReachVerify(scene, {"a"});
  scene.Unhealthy("a");
  scene.Begin();
  scene.OnOld("a");
  EXPECT_EQ(scene.end("web"), GroupEnd::kFailed);
  EXPECT_EQ(scene.end("front"), GroupEnd::kDependency);
  EXPECT_EQ(scene.end("last"), GroupEnd::kDependency);
  EXPECT_TRUE(scene.state().finished);
}

}  // namespace
}  // namespace matic::fleet
