#include "agent/config/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class ChangesTest : public ConfigFolder {
 protected:
  Loaded Take(const std::string& text) {
    auto loaded = LoadFiles({Write("agent.yaml", text)}, MissingFile::kRefused);
    if (!loaded) ADD_FAILURE() << loaded.error().message;
    return loaded ? *loaded : Loaded{};
  }
};

TEST_F(ChangesTest, KeysWithOtherValuesAreNamed) {
  EXPECT_THAT(ChangedKeys(Take("tries: 2\nhealth: {retries: 4, interval_seconds: 3}\n"),
                          Take("tries: 2\nhealth: {retries: 5}\nlog: {level: debug}\n")),
              ElementsAre("health.interval_seconds", "health.retries", "log.level"));
}

TEST_F(ChangesTest, TheSameWrittenAnotherWayIsNoChange) {
  EXPECT_THAT(ChangedKeys(Take(""), Take("tries: 3\napi: {listen: '0.0.0.0:50051'}\n")), IsEmpty());
  EXPECT_THAT(ChangedKeys(Take("reboot_command: [a, b]\n"),
                          Take("reboot_command:\n  - 'a'\n  - \"b\" # again\n")),
              IsEmpty());
}

TEST_F(ChangesTest, AListOfSectionsIsOneKey) {
  const std::string one = "notifications: {channels: [{name: a, type: command, command: [/x]}]}\n";
  const std::string two = "notifications: {channels: [{name: a, type: command, command: [/y]}]}\n";
  EXPECT_THAT(ChangedKeys(Take(one), Take(two)), ElementsAre("notifications.channels"));
  EXPECT_THAT(ChangedKeys(Take(one), Take(one)), IsEmpty());
}

// One text for each key that needs a restart, and for one of each section that does not.
constexpr const char* kEveryKind = R"(
name: node-7
state_dir: /srv/state
disk: /srv/disk.img
boot_facts: /srv/boot.json
reboot_command: [/sbin/again]
tries: 2
trial_deadline_seconds: 1000
api:
  socket: /srv/agent.sock
  socket_group: staff
  reader_socket: /srv/look.sock
  reader_socket_group: monitors
  reader_socket_mode: 0666
  listen: "[::1]:50052"
  pki_dirs: [/srv/pki]
  pki_check_seconds: 4
channel: {interval_seconds: 7200}
download: {retries: 7}
health: {timeout_seconds: 120}
hooks: {deadline_seconds: 7}
log: {level: debug}
maintenance: {reboot_delay_seconds: 5}
metrics: {listen: "127.0.0.1:9"}
notifications: {long_running_seconds: 60}
prechecks: {space: {min_mib: 1}}
trust: {product: edge, root: /srv/root.json}
)";

TEST_F(ChangesTest, WhatNeedsARestartKeepsItsRunningValueAndTheRestDoesNot) {
  const Config running;
  const Loaded fresh = Take(kEveryKind);
  for (const auto& [key, alone] : fresh.settings) {
    EXPECT_NE(alone, running) << key << ": not tried, it is the default";
    EXPECT_EQ(Effective(running, alone) == alone, TakesEffectAtOnce(key)) << key;
    EXPECT_EQ(Effective(running, alone) == running, !TakesEffectAtOnce(key)) << key;
  }
}

}  // namespace
}  // namespace matic::config
