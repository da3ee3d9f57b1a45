#include "tests/unit/osctl/fleet/planner/random_fleet.h"

#include "lib/calendar/date_range.h"
#include "lib/calendar/window.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;

Settings DrawSettings(Dice& dice) {
  Settings settings;
  settings.max_parallel = 1 + dice.UpTo(4);
  settings.rollback_on_failure = static_cast<RollbackScope>(dice.UpTo(3));
  settings.reboot_stagger = seconds(dice.OneIn(2) ? 0 : dice.UpTo(600));
  settings.reboots = dice.OneIn(3) ? RebootOrder::kAfterAll : RebootOrder::kPerWave;
  settings.on_reboot_failure = dice.OneIn(2) ? OnRebootFailure::kWarn : OnRebootFailure::kStop;
  settings.skip_offline = dice.OneIn(2);
  settings.machine_deadline = seconds(600 + dice.UpTo(3000));
  settings.run_limit = seconds(3600 + dice.UpTo(100000));
  if (dice.OneIn(4)) {
    settings.blackouts = {*calendar::ParseDateRange("2026-03-02")};
    settings.blackout_timezone = "UTC";
  }
  return settings;
}

Group DrawGroup(Dice& dice, size_t number, const std::vector<Group>& before) {
  Group group;
  group.name = "g" + std::to_string(number);
  group.policy = static_cast<UpdatePolicy>(dice.UpTo(2));
  for (const Group& other : before) {
    if (dice.OneIn(4)) group.dependencies.push_back(other.name);
  }
  if (dice.OneIn(2)) group.parallel = 1 + dice.UpTo(5);
  group.canaries = dice.UpTo(3);
  group.soak = seconds(dice.UpTo(600));
  group.stagger = seconds(dice.OneIn(2) ? 0 : dice.UpTo(1800));
  group.allow_reboot = !dice.OneIn(4);
  group.max_failures = {dice.UpTo(3), false};
  if (dice.OneIn(3)) group.max_failures = {dice.UpTo(100), true};
  if (dice.OneIn(3)) {
    group.windows = {*calendar::ParseWindow("02:00-05:00"), *calendar::ParseWindow("22:00-23:00")};
    group.timezone = "UTC";
  }
  if (dice.OneIn(4)) group.pre_script = "pre";
  if (dice.OneIn(4)) group.post_script = "post";
  if (dice.OneIn(4)) group.rollback_script = "rollback";
  return group;
}

MachineFacts DrawFacts(Dice& dice) {
  MachineFacts facts;
  facts.reachable = !dice.OneIn(12);
  facts.healthy = !dice.OneIn(25);
  facts.version = "1";
  facts.up_to_date = dice.OneIn(8);
  facts.reboot_pending = !facts.up_to_date && dice.OneIn(10);
  facts.target = {ImageTarget{"https://example.org/2.img", std::string(64, 'a')}, "2", "a"};
  return facts;
}

}  // namespace

RandomFleet DrawFleet(Dice& dice) {
  RandomFleet fleet;
  Inventory& inventory = fleet.inventory;
  inventory.name = "home";
  inventory.settings = DrawSettings(dice);
  const size_t groups = 1 + dice.UpTo(4);
  for (size_t i = 0; i < groups; ++i) {
    inventory.groups.push_back(DrawGroup(dice, i, inventory.groups));
    const size_t machines = dice.UpTo(7);
    for (size_t j = 0; j < machines; ++j) {
      const std::string name = "m" + std::to_string(inventory.machines.size());
      Machine machine;
      machine.name = name;
      inventory.machines.push_back(std::move(machine));
      inventory.groups.back().machines.push_back(name);
      fleet.facts[name] = DrawFacts(dice);
    }
  }
  if (!inventory.machines.empty() && dice.OneIn(2)) {
    const size_t last = inventory.machines.size() - 1;
    inventory.machines[dice.UpTo(static_cast<uint32_t>(last))].self = true;
  }
  // A file may list groups in any order.
  for (size_t i = groups; i > 1; --i) {
    std::swap(inventory.groups[i - 1], inventory.groups[dice.UpTo(static_cast<uint32_t>(i - 1))]);
  }
  return fleet;
}

}  // namespace matic::fleet
