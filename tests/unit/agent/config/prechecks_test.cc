#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

class PrechecksConfigTest : public ConfigFolder {};

TEST_F(PrechecksConfigTest, EveryKeyIsRead) {
  const auto config = LoadText(R"(
prechecks:
  space: {min_mib: 64}
  disk: {max_percent: 90, paths: [/, /srv]}
  load: {max_percent: 200}
  memory: {min_mib: 128}
  uptime: {min_seconds: 600}
  battery: {min_percent: 50}
  packages: {allowed: true}
  services: {units: [shop.service]}
  system: {state: running}
  metered: {allowed: false}
  backup:
    file: /var/backups/last
    max_age_hours: 12
    command: [/usr/bin/backup-is-new, --quiet]
    timeout_seconds: 5
)");
  ASSERT_TRUE(config) << config.error().message;
  const Prechecks expected{
      .space_min_mib = 64,
      .disk = {.max_percent = 90, .paths = {"/", "/srv"}},
      .units = {"shop.service"},
      .system_state = SystemState::kRunning,
      .load_max_percent = 200,
      .memory_min_mib = 128,
      .battery_min_percent = 50,
      .metered_allowed = false,
      .min_uptime = std::chrono::seconds(600),
      .backup = {"/var/backups/last",
                 std::chrono::hours(12),
                 {"/usr/bin/backup-is-new", "--quiet"},
                 std::chrono::seconds(5)},
      .package_work_allowed = true,
  };
  EXPECT_EQ(config->prechecks, expected);
}

TEST_F(PrechecksConfigTest, WhatIsWrongIsToldWithItsPlace) {
  const struct {
    const char* text;
    const char* complaint;
  } cases[] = {
      {"space: {min_mib: -1}", "space.min_mib: must be a number from 0 to 1048576, is '-1'"},
      {"space: 16", "space: must be keys with values"},
      {"disk: {max_percent: 101}", "disk.max_percent: must be a number from 0 to 100, is '101'"},
      {"disk: {paths: [boot]}", "disk.paths: each item must be an absolute path, is 'boot'"},
      {"load: {max_percent: 1.5}", "load.max_percent: must be a number from 0 to 100000, is '1.5'"},
      {"uptime: {min_seconds: 10m}",
       "uptime.min_seconds: must be a number from 0 to 2678400, is '10m'"},
      {"battery: {min_percent: 101}",
       "battery.min_percent: must be a number from 0 to 100, is '101'"},
      {"packages: {allowed: maybe}", "packages.allowed: must be true or false, is 'maybe'"},
      {"services: {units: [shop]}",
       "services.units: each item must be a unit's name, such as 'matic-agent.service', is "
       "'shop'"},
      {"services: {units: [--force.service]}",
       "services.units: each item must be a unit's name, such as 'matic-agent.service', is "
       "'--force.service'"},
      {"system: {state: degraded}", "system.state: must be any, booted or running, is 'degraded'"},
      {"backup: {file: last}", "backup.file: must be an absolute path, or \"\", is 'last'"},
      {"backup: {max_age_hours: 0}",
       "backup.max_age_hours: must be a number from 1 to 8784, is '0'"},
      {"backup: {command: /bin/true}", "backup.command: must be a list, is '/bin/true'"},
      {"backup: {command: ['']}",
       "backup.command: each item must be a text that is not empty, is ''"},
      {"backup: {timeout_seconds: 601}",
       "backup.timeout_seconds: must be a number from 1 to 600, is '601'"},
      {"gravity: {min: 9}", "gravity: no such key"},
  };
  for (const auto& [text, complaint] : cases) {
    EXPECT_EQ(Complaint("prechecks:\n  " + std::string(text) + "\n"),
              "agent.yaml:2: prechecks." + std::string(complaint));
  }
}

}  // namespace
}  // namespace matic::config
