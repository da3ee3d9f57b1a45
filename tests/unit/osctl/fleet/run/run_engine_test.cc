#include "osctl/fleet/run/run_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>

#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/run/fleet_facts.h"
#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/os/temporary_folder.h"
#include "tests/unit/osctl/fleet/run/fake_machines.h"

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A controller that may be told to die: at its next look it is stopped, and carries on no more.
class Watching final : public RunObserver {
 public:
  void Changed(const RunRecord&, const RunState& state, const Decision&) override {
    if (at_change) at_change(state);
  }
  void Tell(const RunRecord&, const RunState&, const Notice& notice) override {
    notices.push_back(std::string(NameOf(notice.kind)) + ": " + notice.text);
  }
  std::vector<std::string> notices;
  std::function<void(const RunState&)> at_change;
};

class RunEngineTest : public testing::Test {
 protected:
  RunEngineTest() {
    inventory_.name = "home";
    inventory_.settings.reboot_stagger = 0s;
    inventory_.settings.health_check_timeout = 1s;
    inventory_.settings.machine_deadline = 20s;
    AddGroup("web", {"web-1", "web-2", "web-3"}).canaries = 1;
  }

  Group& AddGroup(const std::string& name, const std::vector<std::string>& machines) {
    for (const std::string& machine : machines) {
      Machine added;
      added.name = machine;
      added.address = TlsAddress{machine, 50051};
      inventory_.machines.push_back(added);
      machines_.Set(machine, Misbehaviour::kNone);
    }
    Group group;
    group.name = name;
    group.machines = machines;
    group.soak = group.stagger = 0s;
    group.target = ImageTarget{"https://h/2.squashfs", "new"};
    inventory_.groups.push_back(group);
    return inventory_.groups.back();
  }

  RunRecord Planned() {
    std::vector<const Machine*> all;
    for (const Machine& machine : inventory_.machines) all.push_back(&machine);
    const auto facts = GatherFacts(inventory_, all, machines_, processes_, clock_);
    EXPECT_TRUE(facts) << facts.error().message;
    Result<Plan> plan = MakePlan(inventory_, {}, *facts);
    EXPECT_TRUE(plan) << plan.error().message;
    RunRecord run{.id = "run-1",
                  .fleet = "home",
                  .created = clock_.Now(),
                  .requested_by = "alice@controller",
                  .plan = *std::move(plan)};
    for (const Machine& machine : inventory_.machines) {
      run.addresses[machine.name] = FormatAddress(machine.address);
    }
    return run;
  }

  std::unique_ptr<Journal> OpenJournal() { return *Journal::Open(folder_.path() / "home.journal"); }

  Result<RunState> Carry(const RunRecord& run, std::stop_token stop = {}) {
    const auto journal = OpenJournal();
    RunEngine engine(*journal, machines_, processes_, clock_, watching_,
                     {.look_again = 2ms, .lease = 900s, .patience = patience_});
    return engine.Carry(run, std::move(stop));
  }

  RunState Run() {
    const RunRecord run = Planned();
    EXPECT_TRUE(OpenJournal()->Begin(run));
    Result<RunState> state = Carry(run);
    EXPECT_TRUE(state) << state.error().message;
    return state ? *state : RunState();
  }

  std::vector<std::string> Phases(const RunState& state) {
    std::vector<std::string> phases;
    for (const MachineRun& machine : state.machines) phases.emplace_back(NameOf(machine.phase));
    return phases;
  }

  const TemporaryFolder folder_;
  Inventory inventory_;
  FakeMachines machines_;
  fakes::FakeProcessRunner processes_;
  SystemClock clock_;
  Watching watching_;
  std::chrono::seconds patience_{0};
};

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
  Result<RunState> state = Fail(ErrorCode::kCancelled, "not begun");
  int controllers = 0;
  while (!state && controllers < 500) {
    ++controllers;
    std::stop_source stop;
    int changes = 0;
    watching_.at_change = [&](const RunState&) {
      if (++changes == 2) stop.request_stop();
    };
    state = Carry(run, stop.get_token());
  }
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_GT(controllers, 5);
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
