#include "osctl/fleet/planner/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::fleet {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Machine Named(const std::string& name, const std::string& tag) {
  Machine machine;
  machine.name = name;
  machine.tags = {tag};
  return machine;
}

// Each group as {name, machines, dependencies}.
struct Row {
  std::string name;
  std::vector<std::string> machines;
  std::vector<std::string> needs = {};
};

struct Case {
  Inventory inventory;
  FleetFacts facts;

  Group& group(const std::string& name) {
    for (Group& group : inventory.groups) {
      if (group.name == name) return group;
    }
    throw std::out_of_range(name);
  }
  Result<fleet::Plan> Made(const Selection& selection = {}) const {
    return MakePlan(inventory, selection, facts);
  }
};

Case Make(const std::vector<Row>& rows) {
  Case made;
  made.inventory.name = "home";
  for (const Row& row : rows) {
    Group group;
    group.name = row.name;
    group.machines = row.machines;
    group.dependencies = row.needs;
    made.inventory.groups.push_back(group);
    for (const std::string& name : row.machines) {
      if (made.inventory.FindMachine(name) != nullptr) continue;
      made.inventory.machines.push_back(Named(name, row.name + "-tag"));
      made.facts[name] = {.reachable = true, .healthy = true};
    }
  }
  return made;
}

// "web: [a] b,c": canaries in brackets.
std::vector<std::string> Shown(const Plan& plan) {
  std::vector<std::string> lines;
  for (const PlannedGroup& group : plan.groups) {
    std::string line = group.name + (group.controller ? " (controller):" : ":");
    for (const Wave& wave : group.waves) {
      std::string names;
      for (const size_t machine : wave.machines) {
        names += (names.empty() ? "" : ",") + plan.machines[machine].name;
      }
      line += wave.canary ? " [" + names + "]" : " " + names;
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> LeftOutOf(const Plan& plan) {
  std::vector<std::string> lines;
  for (const LeftOut& left : plan.left_out) {
    lines.push_back(left.machine + ": " + std::string(NameOf(left.reason)));
  }
  return lines;
}

TEST(Plan, DependenciesComeFirstElseAsListed) {
  Case given =
      Make({{"web", {"w"}, {"db"}}, {"mail", {"m"}}, {"db", {"d"}, {"store"}}, {"store", {"s"}}});
  EXPECT_THAT(Shown(*given.Made()), ElementsAre("store: [s]", "db: [d]", "web: [w]", "mail: [m]"));
}

TEST(Plan, ACircleIsNamed) {
  Case given = Make({{"web", {"w"}, {"db"}}, {"db", {"d"}, {"store"}}, {"store", {"s"}, {"db"}}});
  const auto plan = given.Made();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(plan.error().message, HasSubstr("in a circle: db → store → db"));
}

TEST(Plan, ADependencyHoldsAlsoByWayOfAGroupThatWasNotSelected) {
  Case given = Make({{"web", {"w"}, {"db"}}, {"db", {"d"}, {"store"}}, {"store", {"s"}}});
  const auto plan = given.Made({.groups = {"web", "store"}});
  EXPECT_THAT(Shown(*plan), ElementsAre("store: [s]", "web: [w]"));
  EXPECT_THAT(plan->groups[1].dependencies, ElementsAre(0));
}

struct WavesRow {
  UpdatePolicy policy;
  uint32_t canaries;
  std::optional<uint32_t> parallel;
  uint32_t max_parallel;
  std::string shown;
};

TEST(Plan, WavesByPolicyAndLimits) {
  using enum UpdatePolicy;
  const WavesRow rows[] = {
      {kConservative, 1, {}, 3, "g: [a] b,c,d e,f"},
      {kManualApproval, 1, {}, 3, "g: [a] b,c,d e,f"},
      {kAggressive, 1, {}, 3, "g: a,b,c d,e,f"},
      {kConservative, 2, 2, 3, "g: [a,b] c,d e,f"},
      {kConservative, 3, 2, 3, "g: [a,b] [c] d,e f"},
      {kConservative, 0, 9, 4, "g: a,b,c,d e,f"},
      {kConservative, 9, {}, 9, "g: [a,b,c,d,e,f]"},
      {kConservative, 1, 0, 0, "g: [a] b c d e f"},
  };
  for (const WavesRow& row : rows) {
    Case given = Make({{"g", {"a", "b", "c", "d", "e", "f"}}});
    given.inventory.settings.max_parallel = row.max_parallel;
    given.group("g").policy = row.policy;
    given.group("g").canaries = row.canaries;
    given.group("g").parallel = row.parallel;
    EXPECT_THAT(Shown(*given.Made()), ElementsAre(row.shown));
  }
}

TEST(Plan, TheControllerIsLastAndAlone) {
  Case given = Make({{"infra", {"a", "me", "b"}}, {"web", {"w"}, {"infra"}}});
  given.inventory.machines[1].self = true;
  const auto plan = given.Made();
  EXPECT_THAT(Shown(*plan), ElementsAre("infra: [a] b", "web: [w]", "infra (controller): me"));
  EXPECT_THAT(plan->groups[2].dependencies, ElementsAre(0));
}

TEST(Plan, AControllerAloneKeepsItsGroupsScripts) {
  Case given = Make({{"infra", {"me"}}});
  given.inventory.machines[0].self = true;
  given.group("infra").pre_script = "/bin/before";
  EXPECT_EQ(given.Made()->groups[1].pre_script, "/bin/before");
}

TEST(Plan, WhatTheFactsLeaveOut) {
  Case given = Make({{"g", {"done", "away", "pending", "todo"}}});
  given.group("g").allow_reboot = false;
  given.facts["done"].up_to_date = true;
  given.facts["away"].reachable = false;
  given.facts["pending"].reboot_pending = true;
  const auto strict = given.Made();
  EXPECT_THAT(Shown(*strict), ElementsAre("g: [todo]"));
  EXPECT_THAT(LeftOutOf(*strict), ElementsAre("done: up to date", "away: cannot be reached",
                                              "pending: reboot pending"));
  EXPECT_EQ(strict->groups[0].failures_before, 1u);

  given.inventory.settings.skip_offline = true;
  given.group("g").allow_reboot = true;
  const auto lenient = given.Made();
  EXPECT_THAT(Shown(*lenient), ElementsAre("g: [pending] todo"));
  EXPECT_EQ(lenient->machines[0].work, Work::kReboot);
  EXPECT_THAT(LeftOutOf(*lenient), ElementsAre("done: up to date", "away: offline, skipped"));
  EXPECT_EQ(lenient->groups[0].failures_before, 0u);
}

TEST(Plan, AMachineNobodyAskedCannotBeReached) {
  Case given = Make({{"g", {"a"}}});
  given.facts.clear();
  EXPECT_THAT(LeftOutOf(*given.Made()), ElementsAre("a: cannot be reached"));
}

TEST(Plan, AnUnhealthyGroupIsSkippedAndSaysWhy) {
  Case given = Make({{"g", {"a", "b"}}, {"h", {"c"}}});
  given.facts["b"].healthy = false;
  given.facts["b"].problem = "check 'disk' failed";
  const auto plan = given.Made();
  EXPECT_EQ(plan->groups[0].skip, "machine 'b' is not healthy: check 'disk' failed");
  EXPECT_THAT(plan->groups[1].skip, IsEmpty());
}

TEST(Plan, AMachineThatAnotherControllerHoldsIsRefused) {
  Case given = Make({{"g", {"a"}}});
  given.facts["a"].held_by = "run 7 of admin@desk";
  const auto plan = given.Made();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::kRefused);
  EXPECT_THAT(plan.error().message, AllOf(HasSubstr("'a'"), HasSubstr("run 7 of admin@desk")));
}

TEST(Plan, TheTargetsAreThosePinned) {
  Case given = Make({{"g", {"a"}}});
  given.facts["a"].target = {FlakeTarget{"github:org/config/abc#a", "boot"}, "24.05", ""};
  EXPECT_EQ(given.Made()->machines[0].target, given.facts["a"].target);
}

TEST(Plan, SelectionsNarrowEachOther) {
  Case given = Make({{"g", {"a", "b"}}, {"h", {"c"}}});
  EXPECT_THAT(Shown(*given.Made({.groups = {"g"}})), ElementsAre("g: [a] b"));
  EXPECT_THAT(Shown(*given.Made({.machines = {"b", "c"}})), ElementsAre("g: [b]", "h: [c]"));
  EXPECT_THAT(Shown(*given.Made({.tags = {"h-tag"}})), ElementsAre("h: [c]"));
  EXPECT_THAT(Shown(*given.Made({.groups = {"g"}, .machines = {"c"}})), IsEmpty());
}

TEST(Plan, ASelectionOfWhatDoesNotExistIsRefused) {
  Case given = Make({{"g", {"a"}}});
  for (const Selection& wrong :
       {Selection{.groups = {"x"}}, Selection{.machines = {"x"}}, Selection{.tags = {"x"}}}) {
    const auto plan = given.Made(wrong);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(plan.error().message, HasSubstr("'x'"));
  }
}

TEST(Plan, AMachineOfTwoSelectedGroupsIsRefused) {
  Case given = Make({{"g", {"a"}}, {"h", {"a"}}});
  const auto plan = given.Made();
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().message, AllOf(HasSubstr("'a'"), HasSubstr("'g'"), HasSubstr("'h'")));
  EXPECT_THAT(Shown(*given.Made({.groups = {"h"}})), ElementsAre("h: [a]"));
}

TEST(Plan, AMachineOfNoGroupIsReported) {
  Case given = Make({{"g", {"a"}}});
  given.inventory.machines.push_back(Named("stray", "none"));
  EXPECT_THAT(LeftOutOf(*given.Made()), ElementsAre("stray: in no group"));
}

TEST(Plan, FailuresAreACountOrAPercentageRoundedDown) {
  const std::pair<FailureLimit, uint32_t> rows[] = {
      {{2, false}, 2}, {{50, true}, 1}, {{33, true}, 0}, {{34, true}, 1}, {{100, true}, 3}};
  for (const auto& [limit, machines] : rows) {
    Case given = Make({{"g", {"a", "b", "c"}}});
    given.group("g").max_failures = limit;
    EXPECT_EQ(given.Made()->groups[0].max_failures, machines) << limit.value;
  }
}

}  // namespace
}  // namespace matic::fleet
