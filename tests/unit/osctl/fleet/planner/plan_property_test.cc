// What holds of every plan, whatever the fleet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "osctl/fleet/planner/plan.h"
#include "tests/unit/osctl/fleet/planner/random_fleet.h"

namespace matic::fleet {
namespace {

constexpr uint64_t kSeeds = 5000;

void ExpectEachMachineOnce(const Inventory& inventory, const Plan& plan) {
  std::map<std::string, int> seen;
  for (const PlannedGroup& group : plan.groups) {
    for (const Wave& wave : group.waves) {
      for (const size_t machine : wave.machines) ++seen[plan.machines.at(machine).name];
    }
  }
  EXPECT_EQ(seen.size(), plan.machines.size());
  for (const LeftOut& left : plan.left_out) ++seen[left.machine];
  EXPECT_EQ(seen.size(), inventory.machines.size());
  for (const auto& [name, times] : seen) EXPECT_EQ(times, 1) << name;
}

void ExpectDependenciesFirst(const Inventory& inventory, const Plan& plan) {
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    for (const size_t dependency : plan.groups[i].dependencies) EXPECT_LT(dependency, i);
    if (!plan.groups[i].controller) places[plan.groups[i].name] = i;
  }
  for (const auto& [name, place] : places) {
    for (const std::string& dependency : inventory.FindGroup(name)->dependencies) {
      if (!places.contains(dependency)) continue;  // none of its machines was selected
      EXPECT_LT(places.at(dependency), place) << name << " needs " << dependency;
      EXPECT_THAT(plan.groups[place].dependencies, testing::Contains(places.at(dependency)));
    }
  }
}

void ExpectControllerLast(const Inventory& inventory, const Plan& plan) {
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    for (const Wave& wave : plan.groups[i].waves) {
      for (const size_t machine : wave.machines) {
        if (!inventory.FindMachine(plan.machines[machine].name)->self) continue;
        EXPECT_EQ(i, plan.groups.size() - 1);
        EXPECT_EQ(plan.groups[i].waves.size(), 1u);
        EXPECT_EQ(wave.machines.size(), 1u);
      }
    }
  }
}

void ExpectSmallWaves(const Inventory& inventory, const Plan& plan) {
  for (const PlannedGroup& group : plan.groups) {
    bool batches = false;
    for (const Wave& wave : group.waves) {
      EXPECT_FALSE(wave.machines.empty());
      EXPECT_LE(wave.machines.size(), inventory.settings.max_parallel);
      const auto parallel = inventory.FindGroup(group.name)->parallel;
      EXPECT_LE(wave.machines.size(), parallel.value_or(1000));
      EXPECT_FALSE(batches && wave.canary) << "canaries come first";
      batches = !wave.canary;
    }
  }
}

TEST(PlanProperty, HoldsForEveryFleet) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    const RandomFleet fleet = DrawFleet(dice);
    const auto plan = MakePlan(fleet.inventory, {}, fleet.facts);
    ASSERT_TRUE(plan) << plan.error().message;
    ExpectEachMachineOnce(fleet.inventory, *plan);
    ExpectDependenciesFirst(fleet.inventory, *plan);
    ExpectControllerLast(fleet.inventory, *plan);
    ExpectSmallWaves(fleet.inventory, *plan);
    ASSERT_FALSE(HasFailure());
  }
}

TEST(PlanProperty, EveryCircleIsRefused) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    RandomFleet fleet = DrawFleet(dice);
    std::vector<Group>& groups = fleet.inventory.groups;
    const size_t length = 1 + dice.UpTo(static_cast<uint32_t>(groups.size() - 1));
    for (size_t i = 0; i < length; ++i) {
      groups[i].dependencies.push_back(groups[(i + 1) % length].name);
    }
    const auto plan = MakePlan(fleet.inventory, {}, fleet.facts);
    ASSERT_FALSE(plan);
    ASSERT_EQ(plan.error().code, ErrorCode::kInvalidArgument);
    ASSERT_THAT(plan.error().message, testing::HasSubstr(" → "));
  }
}

}  // namespace
}  // namespace matic::fleet
