// Pause, stop, the run's limit, and a controller that dies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A run with a updated, b activating, c staging and d to come.
void ReachTheMiddle(Scene& scene) {
  scene.AddGroup("web", {"a", "b", "c", "d"}).parallel = 3;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"a"});
  scene.Staged("b");
  scene.Begin();
}

TEST(RunPeople, PauseLetsRunningMachinesFinishAndStartsNoNewOne) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Tell(Paused{});
  scene.Activated("b");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify b"));
  scene.Verified("b");
  scene.Update({"c"});
  EXPECT_EQ(scene.phase("c"), MachinePhase::kUpdated);
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.Decided().waits.at(0).reason, WaitReason::kPause);
  EXPECT_FALSE(scene.Decided().wake) << "until somebody says so";
  scene.Pass(hours(30));
  EXPECT_FALSE(scene.state().finished) << "its limit does not run meanwhile";
  scene.Tell(Unpaused{});
  EXPECT_THAT(scene.Begin(), ElementsAre("stage d"));
}

TEST(RunPeople, PauseHoldsBackScriptsAndRebootsThatWouldStartSomething) {
  Scene scene;
  scene.AddGroup("web", {"a"}).pre_script = "drain";
  scene.facts("a").reboot_pending = true;
  scene.Start();
  scene.Begin();
  scene.Tell(Paused{});
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), IsEmpty());
  scene.Tell(Unpaused{});
  EXPECT_THAT(scene.Begin(), ElementsAre("pre-script web"));
  scene.Tell(Paused{});
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), IsEmpty());
  scene.Tell(Unpaused{});
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
}

TEST(RunPeople, AStopBeforeAnythingWasTouchedIsTheEnd) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.Start();
  scene.Begin();
  scene.Tell(Stopped{false, ""});
  EXPECT_EQ(scene.end("web"), GroupEnd::kStopped);
  EXPECT_TRUE(scene.state().finished);
}

TEST(RunPeople, StopKeepsWhatWasUpdated) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Tell(Stopped{false, "by alice"});
  EXPECT_EQ(scene.state().stop_reason, "stopped: by alice");
  EXPECT_THAT(scene.Begin(), ElementsAre("cancel c"));
  EXPECT_EQ(scene.phase("d"), MachinePhase::kNotReached);
  scene.OnOld("c");
  EXPECT_EQ(scene.phase("c"), MachinePhase::kNotReached);
  scene.RebootNeeded("b");
  EXPECT_THAT(scene.Begin(), IsEmpty());
  EXPECT_EQ(scene.phase("b"), MachinePhase::kRebootPending) << "what it was in came to its end";
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
  EXPECT_EQ(scene.end("web"), GroupEnd::kStopped);
  EXPECT_TRUE(scene.state().finished);
}

TEST(RunPeople, StopMayTakeBackWhatWasUpdated) {
  Scene scene;
  scene.AddGroup("db", {"x"});
  scene.AddGroup("web", {"a", "b"});
  scene.Start();
  scene.Begin();
  scene.Check("db");
  scene.Update({"x"});
  ASSERT_EQ(scene.end("db"), GroupEnd::kWell);
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Staged("a");
  scene.Begin();
  scene.Tell(Stopped{true, ""});
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back x", "cancel b"));
  scene.OnOld("x");
  scene.OnOld("b");
  scene.Activated("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify a")) << "what it was in comes to its end first";
  scene.Verified("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a"));
  scene.OnOld("a");
  EXPECT_EQ(scene.end("db"), GroupEnd::kStopped);
  EXPECT_TRUE(scene.state().finished);
}

TEST(RunPeople, WhatTheRunHasNotChangedIsNotTakenBack) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"}).parallel = 1;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Activated("a");  // by somebody else, since it was planned
  scene.Begin();
  scene.Verified("a");
  scene.Tell(Stopped{true, ""});
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
  EXPECT_THAT(scene.Begin(), IsEmpty());
}

TEST(RunPeople, AStopWhileAScriptRunsTakesBackBeforeTheGroupEnds) {
  Scene scene;
  scene.AddGroup("web", {"a"}).post_script = "fill";
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"a"});
  ASSERT_THAT(scene.Begin(), ElementsAre("post-script web"));
  scene.Tell(Stopped{true, ""});
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a"));
  scene.Check("web");
  EXPECT_FALSE(scene.state().finished);
  scene.OnOld("a");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kRolledBack);
  EXPECT_EQ(scene.end("web"), GroupEnd::kStopped);
  EXPECT_TRUE(scene.state().finished);
}

TEST(RunPeople, AStopThatKeptMayTakeBackLater) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Tell(Stopped{false, ""});
  scene.Begin();
  scene.Tell(Stopped{true, ""});
  EXPECT_THAT(scene.Begin(), ElementsAre("roll-back a"));
}

TEST(RunPeople, TheLimitEndsTheRunAsAStopThatKeeps) {
  Scene scene;
  scene.settings().machine_deadline = hours(9);
  ReachTheMiddle(scene);
  EXPECT_EQ(scene.Decided().wake, scene.state().started + seconds(5400));
  scene.Pass(seconds(5400));
  EXPECT_THAT(scene.Heard(NoticeKind::kLongRunning), ElementsAre(HasSubstr("three quarters")));
  EXPECT_EQ(scene.Decided().wake, scene.state().started + hours(2));
  scene.Pass(seconds(1800));
  EXPECT_EQ(scene.state().stop, StopCause::kLimit);
  EXPECT_EQ(scene.phase("d"), MachinePhase::kNotReached);
  EXPECT_EQ(scene.phase("b"), MachinePhase::kActivating);
}

TEST(RunPeople, ANewControllerReadsBackWhatMayBeInTheMiddleOfSomething) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Die();
  EXPECT_THAT(scene.Begin(), ElementsAre("observe b", "observe c"));
  scene.Staged("b");
  EXPECT_FALSE(scene.run("b").changed) << "it had not been asked to";
  EXPECT_THAT(scene.Begin(), ElementsAre("activate b"));
  scene.Staged("c");
  EXPECT_THAT(scene.Begin(), ElementsAre("activate c")) << "what was asked for is done";
}

TEST(RunPeople, WhatTheMachineDidMeanwhileIsNotDoneAgain) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Die();
  scene.Begin();
  scene.Activated("b");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify b"));
  scene.RebootNeeded("c");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot c"));
  scene.Die();
  EXPECT_THAT(scene.Begin(), ElementsAre("verify b", "observe c"));
  scene.Activated("c");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify c"));
}

TEST(RunPeople, OneThatCannotBeReadBackFailsWhenItsDeadlineIsOver) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Die();
  scene.Begin();
  scene.Pass(scene.settings().machine_deadline);
  EXPECT_EQ(scene.phase("b"), MachinePhase::kRollingBack);
  EXPECT_EQ(scene.phase("c"), MachinePhase::kFailed) << "it was not changed";
}

TEST(RunPeople, WhatWasBegunForAGroupIsBegunAgain) {
  Scene scene;
  scene.AddGroup("web", {"a"}).pre_script = "drain";
  scene.Start();
  scene.Begin();
  scene.Die();
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
  scene.Check("web");
  scene.Begin();
  scene.Die();
  EXPECT_THAT(scene.Begin(), ElementsAre("pre-script web"));
}

TEST(RunPeople, TheControllersOwnRebootIsTakenUpFrom) {
  Scene scene;
  scene.AddGroup("web", {"me"});
  scene.machine("me").self = true;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Staged("me");
  scene.Begin();
  scene.RebootNeeded("me");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot me"));
  scene.Die();
  EXPECT_THAT(scene.Begin(), ElementsAre("observe me"));
  scene.Activated("me");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify me"));
  scene.Verified("me");
  EXPECT_TRUE(scene.state().finished);
}

TEST(RunPeople, AStopWhileNobodyWasThereIsObeyedAfterReadingBack) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Die();
  scene.Tell(Stopped{false, ""});
  EXPECT_THAT(scene.Begin(), ElementsAre("observe b", "cancel c"));
  scene.Staged("b");
  EXPECT_THAT(scene.Begin(), ElementsAre("cancel b")) << "it had not begun";
}

TEST(RunPeople, WhatDoesNotFitChangesNothing) {
  Scene scene;
  ReachTheMiddle(scene);
  const RunState before = scene.state();
  scene.Activated("a");  // told twice
  scene.Activated("nobody");
  scene.Tell(Failed{"d", "it has not begun", false});
  scene.Tell(Begun{Step::kReboot, "b", 0});
  scene.Tell(Begun{Step::kPostScript, "", 0});
  scene.Tell(GroupDone{Step::kPostScript, 0, false, {}, ""});
  scene.Tell(GroupDone{Step::kCheckHealth, 99, true, {}, ""});
  scene.Tell(Approved{"nobody"});
  scene.Tell(Unpaused{});
  scene.Tell(Started{});
  scene.Tell(Notified{99});
  EXPECT_EQ(scene.state(), before);
}

TEST(RunPeople, NoticesThatWereHandedOnAreRemembered) {
  Scene scene;
  ReachTheMiddle(scene);
  scene.Tell(Notified{1});
  scene.Die();
  EXPECT_EQ(scene.state().notified, 1u);
  EXPECT_EQ(scene.state().notices.front().kind, NoticeKind::kRunStarted);
}

}  // namespace
}  // namespace matic::fleet
