#include "osctl/fleet/run/run_engine.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/unit/osctl/fleet/run/run_engine_fixture.h"

namespace matic::fleet {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

#include <set>

#include "tests/unit/osctl/fleet/run/run_engine_fixture.h"
TEST_F(RunEngineTest, AllMachinesAreReadBackOnTheirTarget) {
  const RunState state = Run();
  EXPECT_THAT(Phases(state), Each("updated"));
  for (const char* host : {"web-1", "web-2", "web-3"}) {
    const FakeMachine machine = machines_.Get(host);
    EXPECT_EQ(machine.digests.at(machine.running), "new");
    EXPECT_EQ(machine.staged, 1);
    EXPECT_EQ(machine.boots, 2);
    EXPECT_EQ(machine.lease, "") << "given back";
  }
  EXPECT_THAT(watching_.notices, Contains(HasSubstr("run-finished")));
  EXPECT_FALSE(*OpenJournal()->Unfinished());
}

TEST_F(RunEngineTest, ASickCanaryKeepsTheOthersAsTheyAre) {
  machines_.Set("web-1", Misbehaviour::kSick);
  const RunState state = Run();
  EXPECT_THAT(Phases(state), ElementsAre("rolled-back", "not-reached", "not-reached"));
  EXPECT_THAT(state.machines[0].reason, HasSubstr("app died"));
  EXPECT_EQ(machines_.Get("web-1").running, "slot-a");
  EXPECT_EQ(machines_.Get("web-2").staged, 0);
}

TEST_F(RunEngineTest, WhatCannotBeStagedIsTold) {
  machines_.Set("web-1", Misbehaviour::kStagingFails);
  const RunState state = Run();
  EXPECT_EQ(NameOf(state.machines[0].phase), "failed");
  EXPECT_EQ(state.machines[0].reason, "HTTP 404");
}

TEST_F(RunEngineTest, ASilentMachineIsAFailure) {
  inventory_.settings.machine_deadline = 1s;
  machines_.Set("web-1", Misbehaviour::kStaysAway);
  const RunState state = Run();
  EXPECT_EQ(NameOf(state.machines[0].phase), "failed");
  EXPECT_THAT(state.machines[0].reason, HasSubstr("not done within its deadline"));
  EXPECT_EQ(machines_.Get("web-2").staged, 0);
}

TEST_F(RunEngineTest, AnUnhealthyGroupIsNotTouched) {
  machines_.Set("web-2", Misbehaviour::kUnhealthy);
  AddGroup("db", {"db-1"});
  const RunState state = Run();
  EXPECT_EQ(machines_.Get("web-1").staged, 0);
  EXPECT_EQ(machines_.Get("db-1").running, "slot-b");
  EXPECT_EQ(NameOf(state.groups[0].end), "unhealthy");
}

// At each event in turn the controller is gone, and another one goes on with the journal.
TEST_F(RunEngineTest, WhereverAControllerDiesTheNextOneGoesOn) {
  AddGroup("db", {"db-1"}).dependencies = {"web"};
  const RunRecord run = Planned();
  ASSERT_TRUE(OpenJournal()->Begin(run));
  const Result<RunState> state = CarryByMany(run);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_GT(controllers_, 5);
  EXPECT_THAT(Phases(*state), Each("updated"));
  for (const char* host : {"web-1", "web-2", "web-3", "db-1"}) {
    EXPECT_EQ(machines_.Get(host).staged, 1) << host;
    EXPECT_EQ(machines_.Get(host).boots, 2) << host;
  }
}

TEST_F(RunEngineTest, AStopWishedForElsewhereIsObeyed) {
  const RunRecord run = Planned();
  ASSERT_TRUE(OpenJournal()->Begin(run));
  bool wished = false;
  watching_.at_change = [&](const RunState& state) {
    if (wished || state.machines[0].phase != MachinePhase::kUpdated) return;
    wished = true;
    ASSERT_TRUE(OpenJournal()->Append(run.id, {clock_.Now(), Stopped{true, "on fire"}}));
  };
  const Result<RunState> state = Carry(run);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(NameOf(state->machines[0].phase), "rolled-back");
  EXPECT_EQ(machines_.Get("web-1").running, "slot-a");
  EXPECT_THAT(state->stop_reason, HasSubstr("on fire"));
}

TEST_F(RunEngineTest, AConnectionThatBreaksAsAStepBeginsIsNoFailure) {
  patience_ = 30s;
  const RunRecord run = Planned();
  ASSERT_TRUE(OpenJournal()->Begin(run));
  std::set<MachinePhase> broken;
  watching_.at_change = [&](const RunState& state) {
    if (!broken.insert(state.machines[0].phase).second) return;
    machines_.With("web-1", [](FakeMachine& machine) { machine.silent = 5; });
  };
  const Result<RunState> state = Carry(run);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_GE(broken.size(), 4U);
  EXPECT_THAT(Phases(*state), Each("updated"));
  EXPECT_EQ(machines_.Get("web-1").staged, 1);
  EXPECT_EQ(machines_.Get("web-1").boots, 2);
}

TEST_F(RunEngineTest, AConnectionThatBreaksWhileARunIsPlannedIsNoFailure) {
  machines_.With("web-2", [](FakeMachine& machine) { machine.silent = 1; });
  EXPECT_THAT(Phases(Run()), Each("updated"));
}

TEST_F(RunEngineTest, AConnectionThatBreaksAsHealthIsAskedIsNoFailure) {
  patience_ = 30s;
  const RunRecord run = Planned();
  ASSERT_TRUE(OpenJournal()->Begin(run));
  machines_.With("web-2", [](FakeMachine& machine) { machine.silent = 9; });
  const Result<RunState> state = Carry(run);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_THAT(Phases(*state), Each("updated"));
}

TEST_F(RunEngineTest, TheStepsOfAMachineShareAConnection) {
  const RunRecord run = Planned();
  ASSERT_TRUE(OpenJournal()->Begin(run));
  const int before = machines_.Get("web-2").opened;
  const Result<RunState> state = Carry(run);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_THAT(Phases(*state), Each("updated"));
  // Its group's health, what is done on it, and the end of its lease.
  EXPECT_EQ(machines_.Get("web-2").opened - before, 3);
}

TEST_F(RunEngineTest, OneWhoIsHeldByAnotherRunIsNotTouched) {
  machines_.With("web-1", [](FakeMachine& machine) { machine.lease = "run-0"; });
  const RunState state = Run();
  EXPECT_THAT(state.machines[0].reason, HasSubstr("run-0 holds this machine"));
  EXPECT_EQ(machines_.Get("web-1").staged, 0);
}

}  // namespace
}  // namespace matic::fleet
