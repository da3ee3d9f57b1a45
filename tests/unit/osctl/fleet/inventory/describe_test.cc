#include "osctl/fleet/inventory/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/osctl/fleet/inventory/everything.h"
#include "tests/unit/osctl/fleet/inventory/reading.h"

namespace matic::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void ExpectSame(const Inventory& inventory, const std::string& text) {
  const Checked again = Read(text);
  ASSERT_THAT(again.problems, IsEmpty()) << again.problems.front().message << "\n" << text;
  EXPECT_EQ(again.inventory, inventory) << text;
}

TEST(Describe, ReadsBackAsTheSameInventory) {
  for (const std::string& text :
       {Everything(), std::string("machines: {a: {host: a}}\n"),
        std::string(
            "machines: {a: {host: 'fd00::1'}, b: {address: 'unix:///a'}}\n"
            "groups: {g: {machines: all, target: {channel: 'https://x/a.json?b=c&d#e'}}}\n")}) {
    const Inventory inventory = Read(text).inventory;
    ExpectSame(inventory, Describe(inventory).dump());
    ExpectSame(inventory, ToYaml(Describe(inventory)));
  }
}

TEST(Describe, ATargetIsShownWithoutItsPassword) {
  EXPECT_EQ(ShowTarget(ChannelTarget{"https://user:word@cdn/stable.json?token=1"}),
            "https://cdn/stable.json?…");
  EXPECT_EQ(ShowTarget(ImageTarget{"https://user:word@cdn/os.squashfs", ""}),
            "https://cdn/os.squashfs");
}

TEST(Describe, KeepsWhatIsAsGoodAsAPasswordToItself) {
  const Inventory inventory =
      Read(
          "machines: {a: {host: a}}\nnotifications:\n  channels:\n"
          "    - {name: hook, type: webhook, url: 'https://hooks.example.com/T0/geheim?t=geheim'}\n"
          "    - {name: bare, type: webhook, url: 'https://bare.example.com'}\n")
          .inventory;
  ASSERT_EQ(inventory.channels.size(), 2u);
  EXPECT_EQ(inventory.channels[0].url, "https://hooks.example.com/T0/geheim?t=geheim");
  const auto channels = Describe(inventory)["notifications"]["channels"];
  EXPECT_EQ(channels["hook"]["url"], "https://hooks.example.com/***");
  EXPECT_EQ(channels["bare"]["url"], "https://bare.example.com");
}

TEST(Describe, WritesDefaultsOut) {
  EXPECT_EQ(
      ToYaml(Describe(Read("machines: {a: {host: a}}\ngroups: {g: {machines: [a]}}\n").inventory)),
      R"(name: fleet
machines:
  a:
    address: a:50051
groups:
  g:
    machines: [a]
    updatePolicy: conservative
    allowReboot: true
    canary:
      count: 1
      soakTime: 5m
    staggerDelay: 30m
    maxFailures: 0
settings:
  maxParallel: 3
  healthCheckTimeout: 5m
  rollbackOnFailure: machine
  rebootDelay: 10m
  reboots: per-wave
  onRebootFailure: stop
  skipOffline: false
  machineDeadline: 1h
  runLimit: 2h
)");
}

TEST(Describe, NarrowsToASelection) {
  const Inventory inventory = Read(Everything()).inventory;
  const auto web = Narrowed(inventory, {.groups = {"web"}});
  ASSERT_TRUE(web) << web.error().message;
  ASSERT_EQ(web->groups.size(), 1u);
  EXPECT_EQ(web->machines.size(), 2u);
  const auto nas = Narrowed(inventory, {.machines = {"nas"}});
  ASSERT_EQ(nas->groups.size(), 2u);
  EXPECT_THAT(nas->groups[1].machines, ElementsAre("nas"));
  EXPECT_EQ(*Narrowed(inventory, {}), inventory);
  EXPECT_EQ(Narrowed(inventory, {.tags = {"x"}}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::fleet
