#include "agent/config/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

class HealthConfigTest : public ConfigFolder {
 protected:
  std::string ChecksComplaint(const std::string& checks) {
    return Complaint("health: {checks: {" + checks + "}}\n");
  }
};

TEST_F(HealthConfigTest, EveryCheckOfTheMachineHasItsKeys) {
  const auto config = LoadText(R"(
health:
  checks:
    boot: {enabled: false}
    api: {timeout_seconds: 2, retries: 3, interval_seconds: 4}
    disk: {enabled: true, critical: false, paths: [/, /var], min_free_percent: 10, min_free_bytes: 1024}
    memory: {enabled: true, min_available_percent: 20}
    load: {enabled: true, max_per_cpu: 1.5}
    failed_units: {enabled: true, ignored: [tea.service]}
    time: {enabled: true}
    scripts: {enabled: false, timeout_seconds: 60, retries: 2, interval_seconds: 1, dirs: [/srv/health.d]}
)");
  ASSERT_TRUE(config) << config.error().message;
  Checks expected;
  expected.boot.settings.enabled = false;
  expected.api.settings = {.timeout = seconds(2), .retries = 3, .interval = seconds(4)};
  expected.disk = {{.critical = false}, {"/", "/var"}, 10, 1024};
  expected.memory = {{}, 20};
  expected.load = {{}, 1.5};
  expected.failed_units = {{}, {"tea.service"}};
  expected.time = {{}};
  expected.scripts = {
      {.enabled = false, .timeout = seconds(60), .retries = 2, .interval = seconds(1)},
      {"/srv/health.d"}};
  EXPECT_EQ(config->health.checks, expected);
}

TEST_F(HealthConfigTest, ChecksOfAKindAreLists) {
  const auto config = LoadText(R"(
health:
  checks:
    journal:
      - {name: oom, pattern: "Out of memory", priority: warning, max_matches: 2, critical: false}
      - {name: shop-errors, unit: shop.service}
    tcp:
      - name: database
        address: db.internal:5432
        timeout_seconds: 2
      - {name: six, address: "[::1]:80"}
    http:
      - {name: shop, url: "http://127.0.0.1:8080/health", status: 204}
      - name: front
        url: https://shop.example/
        status: [200, 401]
        contains: welcome
        matches: "version: [0-9]+"
        ca_file: /etc/ssl/own.pem
        retries: 3
        interval_seconds: 5
)");
  ASSERT_TRUE(config) << config.error().message;
  const Checks& checks = config->health.checks;
  EXPECT_EQ(checks.journal,
            (std::vector<JournalCheck>{
                {"oom", {.critical = false}, "Out of memory", JournalPriority::kWarning, "", 2},
                {"shop-errors", {}, "", JournalPriority::kError, "shop.service", 0}}));
  EXPECT_EQ(checks.tcp,
            (std::vector<TcpCheck>{{"database", {.timeout = seconds(2)}, "db.internal:5432"},
                                   {"six", {}, "[::1]:80"}}));
  EXPECT_EQ(checks.http,
            (std::vector<HttpCheck>{{"shop", {}, "http://127.0.0.1:8080/health", {204}, "", "", ""},
                                    {"front",
                                     {.retries = 3, .interval = seconds(5)},
                                     "https://shop.example/",
                                     {200, 401},
                                     "welcome",
                                     "version: [0-9]+",
                                     "/etc/ssl/own.pem"}}));
}

TEST_F(HealthConfigTest, ALaterFilesListReplacesTheEarlierOne) {
  const auto config =
      Load({Write("main.yaml",
                  "health: {checks: {tcp: [{name: a, address: 'a:1'}, {name: b, address: "
                  "'b:2'}]}}\n"),
            Write("override.yaml", "health: {checks: {tcp: [{name: c, address: 'c:3'}]}}\n")});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->health.checks.tcp, (std::vector<TcpCheck>{{"c", {}, "c:3"}}));
}

TEST_F(HealthConfigTest, WhatIsWrongInAnItemIsToldWithItsPlace) {
  EXPECT_EQ(Complaint("health:\n  checks:\n    tcp:\n      - name: a\n        address: a:1\n"
                      "      - name: b\n        address: b\n"),
            "agent.yaml:7: health.checks.tcp[1].address: must be HOST:PORT, is 'b'");
  EXPECT_EQ(Complaint("health:\n  checks:\n    http:\n      - name: a\n        uri: x\n"),
            "agent.yaml:5: health.checks.http[0].uri: no such key");
  const struct {
    const char* checks;
    const char* complaint;
  } cases[] = {
      {"tcp: [{address: 'a:1'}]", "tcp[0]: needs `name`"},
      {"tcp: [{name: a}]", "tcp[0]: needs `address`"},
      {"http: [{name: a}]", "http[0]: needs `url`"},
      {"journal: [{pattern: x}]", "journal[0]: needs `name`"},
      {"tcp: [a]", "tcp[0]: must be keys with values"},
      {"tcp: [null]", "tcp[0]: must be keys with values"},
      {"tcp: {name: a}", "tcp: must be a list, is a section"},
      {"tcp: [{name: a, name: b}]", "tcp[0].name: is given twice"},
      {"tcp: [{name: 'a b', address: 'a:1'}]",
       "tcp[0].name: must be a name of at most 64 letters, digits, '.', '-' and '_', is 'a b'"},
      {"http: [{name: a, url: 'ftp://x/'}]",
       "http[0].url: must be an http:// or https:// URL, is 'ftp://x/'"},
      {"http: [{name: a, url: 'http://x/', status: 99}]",
       "http[0].status: must be a number from 200 to 599, is '99'"},
      {"http: [{name: a, url: 'http://x/', status: []}]",
       "http[0].status: must have 1 to 64 items, has 0"},
      {"http: [{name: a, url: 'http://x/', status: [200, ok]}]",
       "http[0].status: each item must be a number from 200 to 599, is 'ok'"},
      {"http: [{name: a, url: 'http://x/', matches: '(a'}]",
       "http[0].matches: must be a regular expression: missing ): (a"},
      {"journal: [{name: a, priority: loud}]",
       "journal[0].priority: must be emerg, alert, crit, err, warning, notice, info or debug, is "
       "'loud'"},
      {"journal: [{name: a, unit: nginx}]",
       "journal[0].unit: must be a unit's name, such as 'matic-agent.service', or \"\", is "
       "'nginx'"},
      {"load: {max_per_cpu: 0}", "load.max_per_cpu: must be a number from 0.1 to 1000, is '0'"},
      {"load: {max_per_cpu: 1e2}", "load.max_per_cpu: must be a number from 0.1 to 1000, is '1e2'"},
      {"load: {max_per_cpu: nan}", "load.max_per_cpu: must be a number from 0.1 to 1000, is 'nan'"},
      {"disk: {paths: [var]}", "disk.paths: each item must be an absolute path, is 'var'"},
      {"scripts: {critical: true}", "scripts.critical: no such key"},
  };
  for (const auto& [checks, complaint] : cases) {
    EXPECT_EQ(ChecksComplaint(checks), std::string("agent.yaml:1: health.checks.") + complaint);
  }
}

TEST_F(HealthConfigTest, AddressesHaveAHostAndAPort) {
  for (const char* address : {"db:5432", "10.0.0.1:1", "[fe80::1]:65535", "a-b.example:80"}) {
    EXPECT_EQ(ChecksComplaint(std::string("tcp: [{name: a, address: '") + address + "'}]"), "taken")
        << address;
  }
  for (const char* address : {"", ":80", "db", "db:", "db:0", "db:65536", "db:http", "-x:80",
                              "::1:80", "[]:80", "[db]:80", "a b:80", "db:80 "}) {
    EXPECT_THAT(ChecksComplaint(std::string("tcp: [{name: a, address: '") + address + "'}]"),
                HasSubstr("must be HOST:PORT"))
        << address;
  }
}

TEST_F(HealthConfigTest, NoTwoChecksHaveOneName) {
  EXPECT_EQ(ChecksComplaint("tcp: [{name: disk, address: 'a:1'}]"),
            "agent.yaml:1: health.checks.tcp: a check is named 'disk' already");
  EXPECT_EQ(ChecksComplaint("tcp: [{name: a, address: 'a:1'}], http: [{name: a, url: 'http://a'}]"),
            "agent.yaml:1: health.checks.http: a check is named 'a' already");
}

TEST_F(HealthConfigTest, ACheckBeginsBeforeTheTimeIsOver) {
  EXPECT_EQ(ChecksComplaint("time: {after_seconds: 299}"), "taken");
  EXPECT_EQ(
      ChecksComplaint("time: {after_seconds: 300}"),
      "agent.yaml:1: health.checks.time.after_seconds: must begin before health.timeout_seconds "
      "(300), is 300");
  EXPECT_EQ(ChecksComplaint("tcp: [{name: a, address: 'a:1', after_seconds: 400}]"),
            "agent.yaml:1: health.checks.tcp: must begin before health.timeout_seconds (300), is "
            "400");
}

TEST_F(HealthConfigTest, AListIsBounded) {
  std::string list = "tcp: [";
  for (int i = 0; i < 65; ++i) {
    list += "{name: c" + std::to_string(i) + ", address: 'a:1'},";
  }
  EXPECT_EQ(ChecksComplaint(list + "]"),
            "agent.yaml:1: health.checks.tcp: must have 0 to 64 items, has 65");
}

}  // namespace
}  // namespace matic::config
