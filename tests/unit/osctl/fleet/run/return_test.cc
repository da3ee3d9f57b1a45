// Runs that do something else than to update.
#include <gmock/gmock.h>

#include "tests/unit/osctl/fleet/run/run_engine_fixture.h"

namespace matic::fleet {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReturnTest : public RunEngineTest {
 protected:
  static constexpr const char* kHosts[] = {"web-1", "web-2", "web-3"};

  void Update() {
    inventory_.groups[0].canaries = 0;
    ASSERT_THAT(Phases(Run()), Each("updated"));
  }
};

TEST_F(ReturnTest, WhatSomebodyElseHasPutIntoTheSlotSinceStays) {
  inventory_.settings.rollback_on_failure = RollbackScope::kGroup;
  machines_.Set("web-2", Misbehaviour::kSick);
  // web-1 is updated first; then another system runs in its slot-b, which goes by that name, too.
  watching_.at_change = [this](const RunState& state) {
    if (state.machines.empty() || state.machines[0].phase != MachinePhase::kUpdated) return;
    machines_.With("web-1", [](FakeMachine& machine) { machine.digests["slot-b"] = "theirs"; });
  };
  EXPECT_THAT(Phases(Run()), Each("rolled-back"));
  EXPECT_EQ(machines_.Get("web-1").rollbacks, 0);
  EXPECT_EQ(machines_.Get("web-1").running, "slot-b");
  EXPECT_EQ(machines_.Get("web-1").digests["slot-b"], "theirs");
}

TEST_F(ReturnTest, PreparingChangesNothingThatRuns) {
  const RunState state = Run({.work = Work::kPrepare});
  EXPECT_THAT(Phases(state), Each("updated"));
  for (const char* host : kHosts) {
    const FakeMachine machine = machines_.Get(host);
    EXPECT_EQ(machine.schedule.phase(), v1::PHASE_STAGED);
    EXPECT_EQ(machine.running, "slot-a");
    EXPECT_EQ(machine.boots, 1);
    EXPECT_EQ(machine.lease, "");
  }
}

TEST_F(ReturnTest, WhatWasPreparedIsTakenOver) {
  Run({.work = Work::kPrepare});
  const RunState state = Run({.prepared_only = true});
  EXPECT_THAT(Phases(state), Each("updated"));
  for (const char* host : kHosts) {
    EXPECT_EQ(machines_.Get(host).staged, 1);
    EXPECT_EQ(machines_.Get(host).running, "slot-b");
  }
}

TEST_F(ReturnTest, WhatWasNotPreparedIsLeft) {
  const RunRecord run = Planned({.prepared_only = true});
  EXPECT_TRUE(run.plan.machines.empty());
  ASSERT_EQ(run.plan.left_out.size(), 3u);
  EXPECT_EQ(run.plan.left_out[0].reason, LeftOutReason::kNotPrepared);
}

// A flake that may be another one tomorrow is taken as it was prepared by that run, and no other.
TEST_F(ReturnTest, APinSaysWhoseStagingIsTaken) {
  const std::vector<const Machine*> one = {&inventory_.machines[0]};
  machines_.With("web-1", [](FakeMachine& machine) {
    machine.schedule.set_id("sched-1");
    machine.schedule.set_run("run-7");
    machine.schedule.set_source("/etc/nixos#web-1");
    machine.schedule.set_state(v1::SCHEDULE_STATE_IN_PROGRESS);
    machine.schedule.set_phase(v1::PHASE_STAGED);
  });
  const PinnedTarget flake{.target = FlakeTarget{"/etc/nixos#web-1", ""}};
  const auto of_run = [&](const std::string& run) {
    return GatherFacts(inventory_, one, machines_, processes_, clock_, {{"web-1", {flake, run}}});
  };
  EXPECT_EQ(of_run("run-7")->at("web-1").staged, "sched-1");
  EXPECT_EQ(of_run("run-6")->at("web-1").staged, "");
}

TEST_F(ReturnTest, EachMachineRebootsOnceHoweverManyControllersDie) {
  inventory_.settings.max_parallel = 1;
  const RunRecord run = Planned({.work = Work::kRestart});
  ASSERT_TRUE(OpenJournal()->Begin(run));
  const Result<RunState> state = CarryByMany(run);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_GT(controllers_, 5);
  EXPECT_THAT(Phases(*state), Each("updated"));
  for (const char* host : kHosts) {
    EXPECT_EQ(machines_.Get(host).restarts, 1);
    EXPECT_EQ(machines_.Get(host).staged, 0);
  }
}

TEST_F(ReturnTest, EachMachineGoesBackOnceHoweverManyControllersDie) {
  Update();
  inventory_.settings.max_parallel = 1;
  const RunRecord run = Planned({.work = Work::kRollBack});
  ASSERT_TRUE(OpenJournal()->Begin(run));
  const Result<RunState> state = CarryByMany(run);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_GT(controllers_, 5);
  EXPECT_THAT(Phases(*state), Each("updated"));
  for (const char* host : kHosts) {
    EXPECT_EQ(machines_.Get(host).rollbacks, 1);
    EXPECT_EQ(machines_.Get(host).running, "slot-a");
    EXPECT_EQ(machines_.Get(host).lease, "");
  }
}

TEST_F(ReturnTest, OneThatDoesNotComeBackKeepsTheOthersUp) {
  inventory_.settings.machine_deadline = 1s;
  inventory_.settings.max_parallel = 1;
  machines_.Set("web-1", Misbehaviour::kStaysAway);
  const RunState state = Run({.work = Work::kRestart});
  EXPECT_THAT(Phases(state), ElementsAre("failed", "not-reached", "not-reached"));
  EXPECT_EQ(machines_.Get("web-2").restarts, 0);
}

TEST_F(ReturnTest, WhatIsStagedInTheOtherSlotIsNotGoneBackTo) {
  Update();
  Run({.work = Work::kPrepare});
  machines_.With("web-1", [](FakeMachine& machine) {
    machine.schedule.set_run("run-2");
    machine.schedule.set_state(v1::SCHEDULE_STATE_IN_PROGRESS);
    machine.schedule.set_phase(v1::PHASE_STAGED);
  });
  inventory_.settings.max_parallel = 1;
  const RunState state = Run({.work = Work::kRollBack});
  EXPECT_EQ(NameOf(state.machines[0].phase), "failed");
  EXPECT_THAT(state.machines[0].reason, HasSubstr("staged in the other slot"));
  EXPECT_EQ(machines_.Get("web-1").rollbacks, 0);
  EXPECT_EQ(machines_.Get("web-1").schedule.phase(), v1::PHASE_STAGED);
}

TEST_F(ReturnTest, OneWhoIsHeldByAnotherRunDoesNotGoBack) {
  Update();
  machines_.With("web-1", [](FakeMachine& machine) { machine.lease = "run-0"; });
  inventory_.settings.max_parallel = 1;
  const RunState state = Run({.work = Work::kRollBack});
  EXPECT_THAT(state.machines[0].reason, HasSubstr("run-0 holds this machine"));
  EXPECT_EQ(machines_.Get("web-1").rollbacks, 0);
}

}  // namespace
}  // namespace matic::fleet
