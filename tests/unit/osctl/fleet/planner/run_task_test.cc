// Runs that do something else than to update: how they are planned, and how they go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Task kPrepare{.work = Work::kPrepare};
constexpr Task kRollBack{.work = Work::kRollBack};
constexpr Task kRestart{.work = Work::kRestart};
constexpr Task kNow{.work = Work::kRollBack, .immediate = true};

std::vector<std::string> GroupsOf(const Plan& plan) {
  std::vector<std::string> names;
  for (const PlannedGroup& group : plan.groups) names.push_back(group.name);
  return names;
}

std::vector<size_t> WavesOf(const PlannedGroup& group) {
  std::vector<size_t> sizes;
  for (const Wave& wave : group.waves) sizes.push_back(wave.machines.size());
  return sizes;
}

// web depends on db; both have every rule that holds an update up.
void AddStack(Scene& scene) {
  for (const char* name : {"db", "web"}) {
    const std::string letter(name, 1);
    Group& group = scene.AddGroup(name, {letter + "1", letter + "2", letter + "3"});
    group.policy = UpdatePolicy::kManualApproval;
    group.canaries = 1;
    group.soak = group.stagger = seconds(600);
    group.windows = {calendar::ParseWindow("02:00-05:00").value()};
    group.parallel = 2;
    if (name == std::string("web")) group.dependencies = {"db"};
  }
}

TEST(RunTask, GroupsGoBackInTheReverseOrder) {
  Scene scene;
  AddStack(scene);
  scene.Start(Clock(3), kRollBack);
  EXPECT_THAT(GroupsOf(scene.plan()), ElementsAre("web", "db"));
  EXPECT_THAT(scene.plan().groups[1].dependencies, ElementsAre(0));
  EXPECT_THAT(WavesOf(scene.plan().groups[0]), ElementsAre(2, 1)) << "no canaries";
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web")) << "nobody has to approve it";
}

TEST(RunTask, ARollbackKeepsToItsWindow) {
  Scene scene;
  AddStack(scene);
  scene.Start(Clock(12), kRollBack);
  EXPECT_THAT(scene.Begin(), IsEmpty());
}

TEST(RunTask, AnImmediateRollbackWaitsForNothingButPlaces) {
  Scene scene;
  AddStack(scene);
  scene.settings().reboot_stagger = seconds(600);
  scene.Start(Clock(12), kNow);
  EXPECT_THAT(WavesOf(scene.plan().groups[0]), ElementsAre(3));
  scene.Begin();
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot w1", "reboot w2"));
  scene.Activated("w1");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify w1"));
  scene.Verified("w1");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot w3"));
}

TEST(RunTask, WhatMayNotRebootGoesBackOnlyAtOnce) {
  Scene scene;
  scene.AddGroup("web", {"a"}).allow_reboot = false;
  scene.Start(Clock(12), kRollBack);
  EXPECT_EQ(scene.plan().left_out.at(0).reason, LeftOutReason::kNoReboot);
  Scene now;
  now.AddGroup("web", {"a"}).allow_reboot = false;
  now.Start(Clock(12), kNow);
  EXPECT_THAT(now.plan().left_out, IsEmpty());
}

TEST(RunTask, UnhealthyMachinesGoBackToo) {
  Scene scene;
  scene.AddGroup("web", {"a"}).rollback_script = "/bin/tell";
  scene.facts("a").healthy = false;
  scene.facts("a").system = "slot-b";
  scene.Start(Clock(12), kRollBack);
  EXPECT_EQ(scene.plan().machines.at(0).before, "slot-b");
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Activated("a");
  scene.Begin();
  scene.Verified("a");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
  EXPECT_EQ(NameOf(scene.phase("a"), scene.plan().work), "rolled-back");
  EXPECT_THAT(scene.Begin(), ElementsAre("rollback-script web"));
  scene.Check("web");
  EXPECT_EQ(scene.end("web"), GroupEnd::kWell);
}

TEST(RunTask, OneThatDoesNotGoBackIsNotTakenBackFurther) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"});
  scene.settings().rollback_on_failure = RollbackScope::kGroup;
  scene.settings().max_parallel = 1;
  scene.Start(Clock(12), kNow);
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Tell(Seen{.machine = "a", .version = "2", .problem = "no system to go back to"});
  EXPECT_EQ(scene.phase("a"), MachinePhase::kFailed);
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot b")) << "though a is down, and may stay so";
}

TEST(RunTask, OneThatStaysAsItWasHasNotGoneBack) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.Start(Clock(12), kRollBack);
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.OnOld("a");
  EXPECT_EQ(scene.phase("a"), MachinePhase::kFailed);
  EXPECT_EQ(scene.run("a").reason, "it still runs what it was to leave");
}

TEST(RunTask, TheGenerationThatRunsIsNotGoneBackTo) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"});
  scene.facts("a").generation = 41;
  scene.facts("b").generation = 42;
  scene.Start(Clock(12), {.work = Work::kRollBack, .generation = 41});
  ASSERT_EQ(scene.plan().machines.size(), 1u);
  EXPECT_EQ(scene.plan().machines[0].name, "b");
  EXPECT_EQ(scene.plan().machines[0].generation, 41u);
}

TEST(RunTask, PreparingWaitsForNothingAndEndsWithWhatIsStaged) {
  Scene scene;
  AddStack(scene);
  scene.facts("d1").healthy = false;
  scene.Start(Clock(12), kPrepare);
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health db"));
  scene.Check("db");
  EXPECT_THAT(scene.Begin(), ElementsAre("stage d1", "stage d2", "stage d3"));
  scene.Staged("d1");
  scene.Tell(Seen{.machine = "d2", .healthy = true, .problem = "no space left"});
  scene.Staged("d3");
  EXPECT_EQ(NameOf(scene.phase("d1"), scene.plan().work), "prepared");
  EXPECT_EQ(scene.phase("d2"), MachinePhase::kFailed);
  EXPECT_THAT(scene.Begin(), ElementsAre("check-health web"));
  EXPECT_EQ(scene.state().stop, StopCause::kNone) << "nothing is down";
  EXPECT_EQ(Summary(scene.plan(), scene.state()), "2 prepared, 1 failed, 3 waiting");
}

TEST(RunTask, AStopTakesNoRebootBack) {
  Scene scene;
  scene.settings().max_parallel = 1;
  scene.AddGroup("web", {"a", "b"});
  scene.facts("a").boot_id = "boot-1";
  scene.Start(Clock(12), kRestart);
  EXPECT_EQ(scene.plan().machines.at(0).before, "boot-1");
  scene.Begin();
  scene.Check("web");
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
  scene.Activated("a");
  scene.Begin();
  scene.Verified("a");
  scene.Tell(Stopped{true, "enough"});
  EXPECT_EQ(scene.phase("a"), MachinePhase::kUpdated);
  EXPECT_EQ(scene.phase("b"), MachinePhase::kNotReached);
  EXPECT_TRUE(scene.state().finished);
}

TEST(RunTask, ARebootThatIsNotKnownOfIsLookedFor) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.Start(Clock(12), kRestart);
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Die();
  EXPECT_THAT(scene.Begin(), ElementsAre("observe a"));
  scene.OnOld("a");  // it runs since before
  EXPECT_THAT(scene.Begin(), ElementsAre("reboot a"));
  scene.Die();
  scene.Begin();
  scene.Activated("a");
  EXPECT_THAT(scene.Begin(), ElementsAre("verify a"));
}

TEST(RunTask, AGroupThatIsNotHealthyIsNotRebooted) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"});
  scene.facts("b").healthy = false;
  scene.Start(Clock(12), kRestart);
  EXPECT_EQ(scene.end("web"), GroupEnd::kUnhealthy);
}

}  // namespace
}  // namespace matic::fleet
