#include "osctl/fleet/inventory/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/osctl/fleet/inventory/everything.h"
#include "tests/unit/osctl/fleet/inventory/reading.h"

namespace matic::fleet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(LoadInventory, TakesEveryKeyOfMachines) {
  const Checked checked = Read(Everything());
  ASSERT_THAT(checked.problems, IsEmpty()) << checked.problems.front().message;
  const Inventory& fleet = checked.inventory;
  EXPECT_EQ(fleet.name, "homelab");
  ASSERT_EQ(fleet.machines.size(), 4u);
  EXPECT_EQ(fleet.machines[0].name, "web-1");
  EXPECT_EQ(fleet.machines[0].address, Address(TlsAddress{"web-1.lan", 6000}));
  EXPECT_THAT(fleet.machines[0].tags, ElementsAre("web", "edge"));
  EXPECT_EQ(fleet.machines[1].address, Address(TlsAddress{"10.0.0.12", 50051}));
  EXPECT_EQ(fleet.machines[2].address,
            Address(SshAddress{.user = "root", .host = "nas.lan", .port = 2222}));
  EXPECT_EQ(fleet.machines[2].target, Target(FlakeTarget{"/etc/nixos#nas", "boot"}));
  EXPECT_EQ(fleet.machines[3].address, Address(LocalAddress{}));
  EXPECT_TRUE(fleet.machines[3].self);
}

TEST(LoadInventory, TakesEveryKeyOfGroups) {
  const Inventory fleet = Read(Everything()).inventory;
  ASSERT_EQ(fleet.groups.size(), 3u);
  EXPECT_EQ(fleet.groups[0].policy, UpdatePolicy::kManualApproval);
  EXPECT_THAT(fleet.groups[0].machines, ElementsAre("nas"));
  EXPECT_EQ(fleet.groups[0].timezone, "UTC");
  const Group& web = fleet.groups[1];
  EXPECT_EQ(web.name, "web");
  EXPECT_THAT(web.machines, ElementsAre("web-1", "web-2"));
  EXPECT_EQ(web.policy, UpdatePolicy::kAggressive);
  EXPECT_THAT(web.windows, ElementsAre(*calendar::ParseWindow("Mon-Fri 22:00-04:00"),
                                       *calendar::ParseWindow("Sun 02:00-05:00")));
  EXPECT_EQ(web.timezone, "Europe/Berlin");
  EXPECT_FALSE(web.allow_reboot);
  EXPECT_THAT(web.dependencies, ElementsAre("storage"));
  EXPECT_EQ(web.parallel, 2u);
  EXPECT_EQ(web.canaries, 3u);
  EXPECT_EQ(web.soak, seconds(600));
  EXPECT_EQ(web.stagger, seconds(3600));
  EXPECT_EQ(web.max_failures, (FailureLimit{10, true}));
  EXPECT_EQ(web.target,
            Target(ImageTarget{"https://cdn.example.com/os.squashfs", std::string(64, 'a')}));
  EXPECT_EQ(web.pre_script, "/etc/matic/drain");
  EXPECT_EQ(web.post_script, "/etc/matic/fill");
  EXPECT_EQ(web.rollback_script, "/etc/matic/tell");
  const Group& rest = fleet.groups[2];
  EXPECT_THAT(rest.machines, ElementsAre("web-1", "web-2", "nas", "desk"));
  EXPECT_THAT(rest.windows, ElementsAre(*calendar::ParseWindow("02:00-05:00")));
  EXPECT_EQ(rest.max_failures, (FailureLimit{2, false}));
}

TEST(LoadInventory, TakesEverySetting) {
  const Settings settings = Read(Everything()).inventory.settings;
  EXPECT_EQ(settings.max_parallel, 5u);
  EXPECT_EQ(settings.health_check_timeout, seconds(120));
  EXPECT_EQ(settings.rollback_on_failure, RollbackScope::kWave);
  EXPECT_EQ(settings.reboot_stagger, seconds(300));
  EXPECT_EQ(settings.reboots, RebootOrder::kAfterAll);
  EXPECT_EQ(settings.on_reboot_failure, OnRebootFailure::kWarn);
  EXPECT_TRUE(settings.skip_offline);
  EXPECT_EQ(settings.machine_deadline, seconds(1800));
  EXPECT_EQ(settings.run_limit, seconds(4 * 3600));
  EXPECT_THAT(settings.blackouts, ElementsAre(*calendar::ParseDateRange("2026-12-24..2027-01-02"),
                                              *calendar::ParseDateRange("2027-05-01")));
  EXPECT_EQ(settings.blackout_timezone, "UTC");
  EXPECT_THAT(settings.notification_channels, ElementsAre("mail", "chat"));
}

// What the reference promises to who writes nothing.
TEST(LoadInventory, DefaultsAreAsTheReferenceHasThem) {
  const Inventory fleet =
      Read("machines: {a: {host: a}}\ngroups: {g: {machines: [a]}}\n").inventory;
  EXPECT_EQ(fleet.name, "fleet");
  EXPECT_EQ(fleet.settings.max_parallel, 3u);
  EXPECT_EQ(fleet.settings.health_check_timeout, seconds(300));
  EXPECT_EQ(fleet.settings.rollback_on_failure, RollbackScope::kMachine);
  EXPECT_EQ(fleet.settings.reboot_stagger, seconds(600));
  EXPECT_EQ(fleet.settings.reboots, RebootOrder::kPerWave);
  EXPECT_EQ(fleet.settings.on_reboot_failure, OnRebootFailure::kStop);
  EXPECT_FALSE(fleet.settings.skip_offline);
  EXPECT_EQ(fleet.settings.machine_deadline, seconds(3600));
  EXPECT_EQ(fleet.settings.run_limit, seconds(7200));
  const Group& group = fleet.groups.at(0);
  EXPECT_EQ(group.policy, UpdatePolicy::kConservative);
  EXPECT_TRUE(group.allow_reboot);
  EXPECT_EQ(group.canaries, 1u);
  EXPECT_EQ(group.soak, seconds(300));
  EXPECT_EQ(group.stagger, seconds(1800));
  EXPECT_EQ(group.max_failures, FailureLimit{});
  EXPECT_EQ(group.parallel, std::nullopt);
}

TEST(LoadInventory, SnakeCaseAndListsAreOtherWaysToWriteIt) {
  const Checked checked = Read(
      "machines:\n  - {name: a, host: a, user: root}\n  - {name: b, address: 'ssh://b'}\n"
      "groups:\n  - {name: g, machines: [a, b], update_policy: aggressive, allow_reboot: false}\n"
      "settings: {max_parallel: 9, rollback_on_failure: true}\n");
  ASSERT_THAT(checked.problems, IsEmpty()) << checked.problems.front().message;
  EXPECT_EQ(checked.inventory.machines[0].address,
            Address(SshAddress{.user = "root", .host = "a"}));
  EXPECT_EQ(checked.inventory.groups[0].policy, UpdatePolicy::kAggressive);
  EXPECT_EQ(checked.inventory.settings.max_parallel, 9u);
  EXPECT_EQ(checked.inventory.settings.rollback_on_failure, RollbackScope::kMachine);
}

TEST(LoadInventory, MachinesWithoutGroupsAreOneGroup) {
  const Inventory fleet =
      Read("machines: {a: {host: a}, b: {host: b}}\nsettings: {timezone: Asia/Tokyo}\n").inventory;
  ASSERT_EQ(fleet.groups.size(), 1u);
  EXPECT_EQ(fleet.groups[0].name, "all");
  EXPECT_EQ(fleet.groups[0].timezone, "Asia/Tokyo");
  EXPECT_THAT(fleet.groups[0].machines, ElementsAre("a", "b"));
}

TEST(LoadInventory, ListedMachinesComeBeforeThoseOfTagsAndOnce) {
  const Inventory fleet = Read(
                              "machines:\n  a: {host: a, tags: [t]}\n  b: {host: b, tags: [t]}\n"
                              "  c: {host: c}\ngroups: {g: {machines: [c, b], tags: [t]}}\n")
                              .inventory;
  EXPECT_THAT(fleet.groups.at(0).machines, ElementsAre("c", "b", "a"));
}

TEST(LoadInventory, TellsWhatMayBeAMistake) {
  const Checked checked = Read(
      "machines: {a: {host: a}, b: {host: b}, c: {host: c}}\n"
      "groups:\n  one: {machines: [a], parallel: 4}\n"
      "  two: {machines: [a, b], updatePolicy: aggressive, canary: {count: 2}}\n");
  EXPECT_THAT(checked.problems, IsEmpty());
  EXPECT_THAT(checked.notes,
              ElementsAre("in no group, so that no run updates them: c",
                          "in several groups (one, two), of which a run may have one only: a",
                          "groups.one: `parallel` is more than `settings.maxParallel` (3), which "
                          "holds",
                          "groups.two: `canary` says nothing with `updatePolicy: aggressive`"));
}

TEST(LoadInventory, TellsOfScriptsThatAreNotThere) {
  EXPECT_THAT(Read("machines: {a: {host: a}}\n"
                   "groups: {g: {machines: [a], preScript: /bin/true, postScript: /no/program}}\n")
                  .notes,
              ElementsAre("groups.g: `postScript`: no program /no/program is on this machine"));
}

TEST(LoadInventory, TellsWhereARunHasNoTimeForItsPauses) {
  const auto notes = [](int count, const std::string& groups) {
    std::string text = "machines:\n";
    for (int i = 0; i < count; ++i) {
      text += "  m" + std::to_string(i) + ": {host: h" + std::to_string(i) + "}\n";
    }
    return Read(text + groups).notes;
  };
  EXPECT_THAT(notes(13, ""), IsEmpty());
  EXPECT_THAT(notes(14, ""),
              ElementsAre("14 machines take 2h10m to reboot by `settings.rebootDelay`, which is "
                          "more than `settings.runLimit` (2h)"));
  EXPECT_THAT(notes(14, "groups: {g: {machines: all, allowReboot: false}}\n"), IsEmpty());
  EXPECT_THAT(notes(2,
                    "groups:\n  a: {machines: [m0], staggerDelay: 2h}\n  b: {machines: [m1]}\n"
                    "settings: {runLimit: 1h}\n"),
              ElementsAre("a run of all groups pauses for 2h by `staggerDelay` and "
                          "`canary.soakTime`, which is more than `settings.runLimit` (1h)"));
}

TEST(LoadInventory, TheTargetIsTheMachinesOwnElseItsGroups) {
  const Inventory fleet = Read(
                              "machines:\n  a: {host: a, target: {channel: 'https://x/c.json'}}\n"
                              "  b: {host: b}\n  c: {host: c, target: {flake: /etc/nixos#own}}\n"
                              "groups: {g: {machines: all, target: {flake: github:org/all}}}\n")
                              .inventory;
  const Group& group = fleet.groups.at(0);
  EXPECT_EQ(TargetOf(fleet.machines.at(0), group), Target(ChannelTarget{"https://x/c.json"}));
  EXPECT_EQ(TargetOf(fleet.machines.at(1), group), Target(FlakeTarget{"github:org/all#b", ""}));
  EXPECT_EQ(TargetOf(fleet.machines.at(2), group), Target(FlakeTarget{"/etc/nixos#own", ""}));
  EXPECT_EQ(TargetOf(fleet.machines.at(1), Group()), Target());
}

TEST(LoadInventory, AFileThatAnybodyMayWriteIsRefused) {
  const auto file = std::filesystem::path(testing::TempDir()) / "fleet-open.yaml";
  std::ofstream(file) << "machines: {a: {host: a}}\n";
  fakes::FakeProcessRunner runner;
  ::chmod(file.c_str(), 0664);
  EXPECT_TRUE(LoadInventory(file, runner));
  ::chmod(file.c_str(), 0666);
  const auto loaded = LoadInventory(file, runner);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kPermission);
  EXPECT_THAT(loaded.error().message, HasSubstr("chmod o-w"));
  std::filesystem::remove(file);
  EXPECT_EQ(LoadInventory(file, runner).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace matic::fleet
