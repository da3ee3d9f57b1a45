// A small fleet of machines that are not there, and controllers that may die.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/run/fleet_facts.h"
#include "osctl/fleet/run/run_engine.h"
#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/os/temporary_folder.h"
#include "tests/unit/osctl/fleet/run/fake_machines.h"

namespace matic::fleet {

using namespace std::chrono_literals;

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

  RunRecord Planned(const Task& task = {}) {
    std::vector<const Machine*> all;
    for (const Machine& machine : inventory_.machines) all.push_back(&machine);
    const auto facts = GatherFacts(inventory_, all, machines_, processes_, clock_);
    EXPECT_TRUE(facts) << facts.error().message;
    Result<Plan> plan = MakePlan(inventory_, {}, *facts, task);
    EXPECT_TRUE(plan) << plan.error().message;
    RunRecord run{.id = "run-" + std::to_string(++runs_),
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

  RunState Run(const Task& task = {}) {
    const RunRecord run = Planned(task);
    EXPECT_TRUE(OpenJournal()->Begin(run));
    Result<RunState> state = Carry(run);
    EXPECT_TRUE(state) << state.error().message;
    return state ? *state : RunState();
  }

  // By one controller after another, each of which dies soon.
  Result<RunState> CarryByMany(const RunRecord& run) {
    Result<RunState> state = Fail(ErrorCode::kCancelled, "not begun");
    controllers_ = 0;
    while (!state && controllers_ < 500) {
      ++controllers_;
      std::stop_source stop;
      int changes = 0;
      watching_.at_change = [&](const RunState&) {
        if (++changes == 2) stop.request_stop();
      };
      state = Carry(run, stop.get_token());
    }
    return state;
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
  int runs_ = 0;
  int controllers_ = 0;
};

}  // namespace matic::fleet
