#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class LoadTest : public ConfigFolder {};

TEST_F(LoadTest, WithoutFilesTheDefaultsHoldUnderTheHostsName) {
  const auto config = Load({folder_ / "absent.yaml", folder_ / "also-absent.yaml"});
  ASSERT_TRUE(config) << config.error().message;
  Config expected;
  expected.name = config->name;
  EXPECT_EQ(*config, expected);
  EXPECT_NE(config->name, "");
}

TEST_F(LoadTest, AFileThatWasAskedForByNameMustBeThere) {
  const auto config = Load({folder_ / "absent.yaml"}, MissingFile::kRefused);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(config.error().message, HasSubstr("absent.yaml"));
}

TEST_F(LoadTest, EveryKeyIsRead) {
  const auto config = LoadText(R"(
name: node-7
state_dir: /srv/state
disk: /srv/disk.img
boot_facts: /srv/boot.json
reboot_command: [/bin/sh, -c, "echo rebooting"]
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
health:
  timeout_seconds: 120
  interval_seconds: 3
  retries: 9
  checks:
    boot: {critical: false, min_uptime_seconds: 0}
    service: {critical: false, units: [nginx.service, 'getty@tty1.service']}
    network: {critical: true}
    api: {critical: false}
log: {level: debug}
)");
  ASSERT_TRUE(config) << config.error().message;

  using std::chrono::seconds;
  const Config expected{
      .name = "node-7",
      .state_dir = "/srv/state",
      .disk = "/srv/disk.img",
      .boot_facts = "/srv/boot.json",
      .reboot_command = {"/bin/sh", "-c", "echo rebooting"},
      .tries = 2,
      .trial_deadline = seconds(1000),
      .api = {.socket = "/srv/agent.sock",
              .socket_group = "staff",
              .reader_socket = "/srv/look.sock",
              .reader_socket_group = "monitors",
              .reader_socket_mode = 0666,
              .listen = "[::1]:50052",
              .pki_dirs = {"/srv/pki"},
              .pki_check = seconds(4)},
      .download = {},
      .health = {seconds(120),
                 seconds(3),
                 9,
                 {.boot = {{.critical = false}, seconds(0)},
                  .service = {{.critical = false}, {"nginx.service", "getty@tty1.service"}},
                  .network = {{.critical = true}},
                  .api = {{.critical = false}}}},
      .prechecks = {},
      .log = {LogLevel::kDebug},
  };
  EXPECT_EQ(*config, expected);
}

TEST_F(LoadTest, ALaterFileOverridesKeyByKeyAndReplacesLists) {
  const auto config = Load({
      Write("main.yaml",
            "tries: 5\nhealth:\n  retries: 4\n  checks: {service: {units: [a.service, "
            "b.service]}}\n"),
      Write("override.yaml",
            "health:\n  interval_seconds: 2\n  checks:\n    service:\n      units: "
            "[c.service]\n"),
  });
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tries, 5u);
  EXPECT_EQ(config->health.retries, 4u);
  EXPECT_EQ(config->health.interval, std::chrono::seconds(2));
  EXPECT_EQ(config->health.timeout, std::chrono::seconds(300));
  EXPECT_EQ(config->health.checks.service.units, std::vector<std::string>{"c.service"});
}

TEST_F(LoadTest, TheSocketForReadersIsBesideTheOther) {
  EXPECT_EQ(LoadText("")->api.reader_socket, "/run/matic/reader.sock");
  EXPECT_EQ(LoadText("api: {socket: /srv/a.sock}\n")->api.reader_socket, "/srv/reader.sock");
  EXPECT_EQ(LoadText("api: {socket: /srv/a.sock, reader_socket: ''}\n")->api.reader_socket, "");
}

TEST_F(LoadTest, WhatMayBeLeftOutMayBeEmpty) {
  const auto config = LoadText("api: {listen: '', socket_group: ''}\ndownload: {ca_file: ''}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->api.listen, "");
  EXPECT_EQ(config->api.socket_group, "");
}

TEST_F(LoadTest, EmptyFilesAndEmptySectionsChangeNothing) {
  for (const char* text : {"", "# nothing\n", "---\n", "health:\n", "health:\n  checks:\n"}) {
    EXPECT_EQ(Complaint(text), "taken") << text;
  }
}

TEST_F(LoadTest, WhatIsWrongIsToldWithFileLineAndKey) {
  const struct {
    const char* text;
    const char* complaint;
  } cases[] = {
      {"\nhealth:\n  retries: many\n",
       "agent.yaml:3: health.retries: must be a number from 1 to 1000, is 'many'"},
      {"tries: 16\n", "agent.yaml:1: tries: must be a number from 1 to 15, is '16'"},
      {"tries: -1\n", "agent.yaml:1: tries: must be a number from 1 to 15, is '-1'"},
      {"tries: 3.5\n", "agent.yaml:1: tries: must be a number from 1 to 15, is '3.5'"},
      {"tries: 99999999999999999999\n",
       "agent.yaml:1: tries: must be a number from 1 to 15, is '99999999999999999999'"},
      {"tries:\n", "agent.yaml:1: tries: must be a number from 1 to 15, is empty"},
      {"tries: [3]\n", "agent.yaml:1: tries: must be a number from 1 to 15, is a list"},
      {"tires: 3\n", "agent.yaml:1: tires: no such key"},
      {"health:\n  check: {}\n", "agent.yaml:2: health.check: no such key"},
      {"health: 3\n", "agent.yaml:1: health: must be keys with values"},
      {"- a\n", "agent.yaml:1: must be keys with values"},
      {"[a]: 3\n", "agent.yaml:1: a key must be a name"},
      {"tries: 3\ntries: 4\n", "agent.yaml:2: tries: is given twice"},
      {"state_dir: var\n", "agent.yaml:1: state_dir: must be an absolute path, is 'var'"},
      {"disk: vda\n", "agent.yaml:1: disk: must be 'auto' or an absolute path, is 'vda'"},
      {"reboot_command: []\n", "agent.yaml:1: reboot_command: must have 1 to 64 items, has 0"},
      {"reboot_command: reboot\n", "agent.yaml:1: reboot_command: must be a list, is 'reboot'"},
      {"api: {pki_dirs: [/a, b]}\n",
       "agent.yaml:1: api.pki_dirs: each item must be an absolute path, is 'b'"},
      {"api: {reader_socket_mode: 0777}\n",
       "agent.yaml:1: api.reader_socket_mode: must be 0600, 0660 or 0666, is '0777'"},
      {"api: {listen: '50051'}\n",
       "agent.yaml:1: api.listen: must be ADDRESS:PORT, or \"\" for no TCP, is '50051'"},
      {"api: {listen: 'localhost:65536'}\n",
       "agent.yaml:1: api.listen: must be ADDRESS:PORT, or \"\" for no TCP, is 'localhost:65536'"},
      {"api: {listen: '::1:50051'}\n",
       "agent.yaml:1: api.listen: must be ADDRESS:PORT, or \"\" for no TCP, is '::1:50051'"},
      {"download: {allow_http: yes}\n",
       "agent.yaml:1: download.allow_http: must be true or false, is 'yes'"},
      {"log: {level: loud}\n",
       "agent.yaml:1: log.level: must be debug, info, warning or error, is 'loud'"},
      {"health: {checks: {service: {units: ['--now.service']}}}\n",
       "agent.yaml:1: health.checks.service.units: each item must be a unit's name, such as "
       "'matic-agent.service', is '--now.service'"},
      {"health: {checks: {service: {units: [nginx]}}}\n",
       "agent.yaml:1: health.checks.service.units: each item must be a unit's name, such as "
       "'matic-agent.service', is 'nginx'"},
      {"name: \"a\\nb\"\n",
       "agent.yaml:1: name: must be a name of letters, digits, '.', '-' and '_', is 'a\nb'"},
  };
  for (const auto& [text, complaint] : cases) EXPECT_EQ(Complaint(text), complaint);
}

TEST_F(LoadTest, TheTrialDeadlineLeavesHealthChecksTheirTime) {
  EXPECT_EQ(Complaint("health:\n  timeout_seconds: 841\n"),
            "agent.yaml:2: trial_deadline_seconds: must be at least 60 more than "
            "health.timeout_seconds (841), is 900");
  EXPECT_EQ(Complaint("trial_deadline_seconds: 359\n"),
            "agent.yaml:1: trial_deadline_seconds: must be at least 60 more than "
            "health.timeout_seconds (300), is 359");
  EXPECT_EQ(Complaint("trial_deadline_seconds: 360\n"), "taken");

  // Two files that only together are wrong: the one that set the deadline is named.
  const auto config = Load({Write("main.yaml", "trial_deadline_seconds: 400\n"),
                            Write("override.yaml", "health: {timeout_seconds: 399}\n")});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("main.yaml:1: trial_deadline_seconds"));
}

TEST_F(LoadTest, BootFactsBelongToADiskThatIsAFile) {
  EXPECT_EQ(Complaint("boot_facts: /srv/boot.json\n"),
            "agent.yaml:1: boot_facts: needs `disk` to be a plain file, is 'auto'");
}

TEST_F(LoadTest, WhatIsNotYamlIsToldWithItsLine) {
  EXPECT_THAT(Complaint("a: b\n\tc: [\n"), StartsWith("agent.yaml:2: "));
  EXPECT_THAT(Complaint("tries: \"3\n"), StartsWith("agent.yaml:"));
  EXPECT_NE(Complaint(std::string("tries: 3\0\xff\xfe", 11)), "taken");
}

TEST_F(LoadTest, AliasesAnchorsAndSecondDocumentsAreRefused) {
  EXPECT_EQ(Complaint("name: &a x\n"), "agent.yaml:1: anchors are not taken here");
  EXPECT_THAT(Complaint("a: &a [x, x]\nb: [*a, *a]\n"), HasSubstr("anchors are not taken"));
  EXPECT_THAT(Complaint("a: *a\n"), StartsWith("agent.yaml:1: "));
  EXPECT_EQ(Complaint("tries: 3\n---\ntries: 4\n"), "agent.yaml: more than one YAML document");
}

TEST_F(LoadTest, HugeAndDeepFilesEndInAnError) {
  EXPECT_THAT(Complaint("name: x # " + std::string(1 << 20, 'y')), HasSubstr("agent.yaml"));
  EXPECT_THAT(Complaint(std::string(100000, '[')), StartsWith("agent.yaml"));
  EXPECT_THAT(Complaint("name: " + std::string(100000, '{')), StartsWith("agent.yaml"));
  std::string wide = "api: {pki_dirs: [";
  for (int i = 0; i < 20000; ++i) wide += "/a,";
  EXPECT_THAT(Complaint(wide + "]}"), HasSubstr("far more values than there are keys"));
}

TEST_F(LoadTest, AFolderInPlaceOfAFileIsAnError) {
  std::filesystem::create_directory(folder_ / "folder.yaml");
  EXPECT_FALSE(Load({folder_ / "folder.yaml"}));
}

}  // namespace
}  // namespace matic::config
