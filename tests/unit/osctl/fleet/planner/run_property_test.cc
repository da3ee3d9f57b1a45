// What holds of every run, whatever the fleet, its machines' faults and its people do, and however
// often its controller dies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/osctl/fleet/planner/simulated_run.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;

const WallTime kEvening{std::chrono::sys_days{std::chrono::year(2026) / std::chrono::March / 1} +
                        std::chrono::hours(18)};

struct Drawn {
  Plan plan;
  SimulatedFleet fleet;
  Script script;
};

Drawn Draw(Dice& dice, bool calm, const Task& task = {}) {
  RandomFleet random = DrawFleet(dice);
  if (calm) {
    // Nothing that depends on when something happens.
    random.inventory.settings.run_limit = std::chrono::days(60);
    random.inventory.settings.machine_deadline = std::chrono::hours(2);
  }
  Plan plan = MakePlan(random.inventory, {}, random.facts, task).value();
  SimulatedFleet fleet(plan, dice, 2 + dice.UpTo(30));
  return {std::move(plan), std::move(fleet), {.start = kEvening + seconds(dice.UpTo(40000))}};
}

std::vector<Event> DrawWishes(Dice& dice, const Plan& plan, WallTime start) {
  std::vector<Event> wishes;
  const auto some_time = [&] { return start + seconds(dice.UpTo(20000)); };
  for (const PlannedGroup& group : plan.groups) {
    if (group.needs_approval && !dice.OneIn(4)) {
      wishes.push_back({some_time(), Approved{group.name}});
    }
  }
  if (dice.OneIn(3)) {
    const WallTime paused = some_time();
    wishes.push_back({paused, Paused{}});
    wishes.push_back({paused + seconds(1 + dice.UpTo(9000)), Unpaused{}});
  }
  if (dice.OneIn(4)) wishes.push_back({some_time(), Stopped{dice.OneIn(2), "by alice"}});
  std::ranges::stable_sort(wishes, {}, &Event::at);
  return wishes;
}

std::string Lines(const std::vector<std::string>& journal) {
  std::string text;
  for (const std::string& line : journal) text += line + "\n";
  return text;
}

TEST(RunProperty, HoldsForEveryRun) {
  std::map<MachinePhase, int> ends;
  std::map<StopCause, int> stops;
  std::map<GroupEnd, int> groups;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    Drawn drawn = Draw(dice, false);
    drawn.script.wishes = DrawWishes(dice, drawn.plan, drawn.script.start);
    const size_t kills = dice.OneIn(2) ? 0 : dice.UpTo(8);
    for (size_t i = 0; i < kills; ++i) drawn.script.kills.insert(1 + dice.UpTo(60));
    SimulatedRun run(drawn.plan, drawn.fleet, drawn.script, seed);
    run.Run();
    ASSERT_FALSE(testing::Test::HasFailure()) << Lines(run.journal());
    for (const MachineRun& machine : run.state().machines) ++ends[machine.phase];
    for (const GroupRun& group : run.state().groups) ++groups[group.end];
    ++stops[run.state().stop];
  }
  // It says nothing where it does not happen.
  for (size_t i = static_cast<size_t>(MachinePhase::kUpdated);
       i <= static_cast<size_t>(MachinePhase::kNotReached); ++i) {
    EXPECT_GT(ends[static_cast<MachinePhase>(i)], 20) << NameOf(static_cast<MachinePhase>(i));
  }
  for (size_t i = 0; i <= static_cast<size_t>(StopCause::kAsked); ++i) {
    EXPECT_GT(stops[static_cast<StopCause>(i)], 10) << NameOf(static_cast<StopCause>(i));
  }
  for (size_t i = 1; i <= static_cast<size_t>(GroupEnd::kStopped); ++i) {
    EXPECT_GT(groups[static_cast<GroupEnd>(i)], 10) << NameOf(static_cast<GroupEnd>(i));
  }
}

TEST(RunProperty, HoldsForEveryRebootAndEveryWayBack) {
  std::map<MachinePhase, int> ends;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    Task task{.work = dice.OneIn(2) ? Work::kRestart : Work::kRollBack};
    task.immediate = task.work == Work::kRollBack && dice.OneIn(2);
    Drawn drawn = Draw(dice, false, task);
    drawn.script.wishes = DrawWishes(dice, drawn.plan, drawn.script.start);
    const size_t kills = dice.OneIn(2) ? 0 : dice.UpTo(8);
    for (size_t i = 0; i < kills; ++i) drawn.script.kills.insert(1 + dice.UpTo(60));
    SimulatedRun run(drawn.plan, drawn.fleet, drawn.script, seed);
    run.Run();
    ASSERT_FALSE(testing::Test::HasFailure()) << Lines(run.journal());
    for (const MachineRun& machine : run.state().machines) ++ends[machine.phase];
  }
  EXPECT_GT(ends[MachinePhase::kUpdated], 100);
  EXPECT_GT(ends[MachinePhase::kFailed], 100);
  EXPECT_GT(ends[MachinePhase::kNotReached], 100);
  EXPECT_EQ(ends[MachinePhase::kRolledBack], 0) << "nothing takes it back";
}

// What a run has come to, whatever the order in which machines answered: where it is stopped, or a
// group is given up for one machine, how far the others are depends on that.
struct Outcome {
  bool stopped;
  std::vector<bool> well;            // by group; none where it was stopped
  std::vector<MachinePhase> phases;  // of the machines in groups that ended well
  bool operator==(const Outcome&) const = default;
};

Outcome OutcomeOf(const RunState& state) {
  Outcome outcome{state.stop != StopCause::kNone, {}, {}};
  if (outcome.stopped) return outcome;
  for (const GroupRun& group : state.groups) outcome.well.push_back(group.end == GroupEnd::kWell);
  for (const MachineRun& machine : state.machines) {
    if (outcome.well[machine.group]) outcome.phases.push_back(machine.phase);
  }
  return outcome;
}

TEST(RunProperty, ComesToTheSameWhereverItsControllerDies) {
  size_t deaths = 0;
  size_t stopped = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Dice dice(seed);
    Drawn drawn = Draw(dice, true);
    // Of two, the one that is found first may leave the other uncounted.
    drawn.fleet.LeaveOneFault(drawn.plan);
    for (const PlannedGroup& group : drawn.plan.groups) {
      drawn.script.wishes.push_back({drawn.script.start, Approved{group.name}});
    }
    SimulatedRun alive(drawn.plan, drawn.fleet, drawn.script, seed);
    alive.Run();
    stopped += alive.state().stop == StopCause::kNone ? 0 : 1;
    for (size_t at = 1; at <= alive.journal().size(); ++at) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", died after " + std::to_string(at));
      drawn.script.kills = {at};
      SimulatedRun run(drawn.plan, drawn.fleet, drawn.script, seed + at);
      run.Run();
      EXPECT_TRUE(OutcomeOf(run.state()) == OutcomeOf(alive.state()))
          << Lines(alive.journal()) << "\n"
          << Lines(run.journal());
      ASSERT_FALSE(testing::Test::HasFailure());
      ++deaths;
    }
  }
  EXPECT_GT(deaths, 800u);
  EXPECT_LT(stopped, 20u) << "of those nothing else is compared";
}

}  // namespace
}  // namespace matic::fleet
