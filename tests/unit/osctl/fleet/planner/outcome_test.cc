#include "osctl/fleet/planner/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Inventory Of(const std::vector<std::pair<std::string, std::vector<std::string>>>& groups) {
  Inventory inventory;
  for (const auto& [name, machines] : groups) {
    Group& group = inventory.groups.emplace_back();
    group.name = name;
    group.machines = machines;
  }
  return inventory;
}

TEST(Outcome, OfARunThatWentWell) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"});
  scene.Start();
  EXPECT_EQ(OutcomeOf(scene.state()), RunOutcome::kOpen);
  EXPECT_EQ(EndOf(scene.state()), std::nullopt);
  scene.Begin();
  scene.Check("web");
  scene.Pass(std::chrono::minutes(5));
  scene.Update({"a", "b"});
  EXPECT_EQ(OutcomeOf(scene.state()), RunOutcome::kWell);
  EXPECT_EQ(EndOf(scene.state()), Clock(12, 5));
  const auto fresh = [&](const Inventory& inventory) {
    return GroupsUpToDate(inventory, scene.plan(), scene.state());
  };
  EXPECT_THAT(fresh(Of({{"web", {"a", "b"}}, {"db", {"c"}}, {"none", {}}})), ElementsAre("web"));
  EXPECT_THAT(fresh(Of({{"web", {"a", "b", "not-asked"}}})), IsEmpty());
}

TEST(Outcome, OfMachinesThatWereUpToDateBefore) {
  Scene scene;
  scene.AddGroup("web", {"a", "b"});
  scene.AddGroup("db", {"c"}).allow_reboot = false;
  scene.facts("a").up_to_date = true;
  scene.facts("c").reboot_pending = true;
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Update({"b"});
  EXPECT_THAT(GroupsUpToDate(Of({{"web", {"a", "b"}}, {"db", {"c"}}}), scene.plan(), scene.state()),
              ElementsAre("web"));
}

TEST(Outcome, OfAMachineThatWentBack) {
  Scene scene;
  scene.AddGroup("web", {"a"}).max_failures = {.value = 1, .percent = false};
  scene.Start();
  scene.Begin();
  scene.Check("web");
  scene.Begin();
  scene.Staged("a");
  scene.Begin();
  scene.Activated("a");
  scene.Begin();
  scene.Unhealthy("a");
  scene.Begin();
  scene.OnOld("a");
  scene.Begin();
  EXPECT_EQ(OutcomeOf(scene.state()), RunOutcome::kFailed);
  EXPECT_THAT(GroupsUpToDate(Of({{"web", {"a"}}}), scene.plan(), scene.state()), IsEmpty());
}

TEST(Outcome, OfARunThatSomebodyStopped) {
  Scene scene;
  scene.AddGroup("web", {"a"});
  scene.Start();
  scene.Tell(Stopped{.revert = false, .why = "by alice"});
  scene.Begin();
  EXPECT_EQ(OutcomeOf(scene.state()), RunOutcome::kStopped);
}

}  // namespace
}  // namespace matic::fleet
