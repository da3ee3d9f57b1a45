// A corpus of files that are wrong, and what is said of each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/broken_text.h"
#include "tests/unit/osctl/fleet/inventory/reading.h"

namespace matic::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

struct BadFile {
  std::string text;
  const char* complaint;
};

// What is wrong with each is all that is told of it.
void ExpectComplaints(const std::vector<BadFile>& files) {
  for (const auto& [text, complaint] : files) {
    EXPECT_THAT(Complaints(text), ElementsAre(complaint)) << text;
  }
}

TEST(BadFile, IsNoFleet) {
  ExpectComplaints({
      {"",
       "fleet.yaml: no machine is listed: `machines` names them, or `inventory.exec` a program"},
      {"machines: {}\n",
       "fleet.yaml: no machine is listed: `machines` names them, or `inventory.exec` a program"},
      {"- a\n", "fleet.yaml:1: must be keys with values"},
      {"machine: {a: {host: a}}\n", "fleet.yaml:1: machine: no such key"},
      {"machines: &m {a: {host: a}}\n", "fleet.yaml:1: anchors are not taken here"},
      {"machines: {a: {host: a}\n", "fleet.yaml:2: end of map flow not found"},
      {"machines: {a: {host: a}}\nname: my fleet\n",
       "fleet.yaml:2: name: must be a name of at most 64 letters, digits, '.', '-' and '_' that "
       "begins with a letter or digit, is 'my fleet'"},
      {"machines: {a: {host: a}}\n---\nmachines: {}\n", "fleet.yaml: more than one YAML document"},
  });
}

TEST(BadFile, HasAWrongMachine) {
  ExpectComplaints({
      {"machines: 7\n", "fleet.yaml:1: machines: must be sections with names, or a list, is '7'"},
      {"machines:\n  a: 10.0.0.1\n", "fleet.yaml:2: machines.a: must be keys with values"},
      {"machines:\n  a: {}\n", "fleet.yaml:2: machines.a: needs `address` or `host`"},
      {"machines:\n  - {host: a}\n", "fleet.yaml:2: machines[0]: needs `name`"},
      {"machines:\n  -a: {host: a}\n",
       "fleet.yaml:2: machines.-a: its name must be a name of at most 64 letters, digits, '.', '-' "
       "and '_' that begins with a letter or digit"},
      {"machines:\n  a: {host: a, hots: b}\n", "fleet.yaml:2: machines.a.hots: no such key"},
      {"machines:\n  a: {address: 'http://a'}\n",
       "fleet.yaml:2: machines.a.address: must be HOST[:PORT], ssh://[USER@]HOST[:PORT] or "
       "unix:///PATH, is 'http://a'"},
      {"machines:\n  a: {address: a, host: a}\n",
       "fleet.yaml:2: machines.a: needs either `address` or `host` (with `user` and `port`), not "
       "both"},
      {"machines:\n  a: {user: root}\n",
       "fleet.yaml:2: machines.a: needs `host` beside `user` and `port`"},
      {"machines:\n  a: {host: a b}\n",
       "fleet.yaml:2: machines.a.host: must be a host's name or address, is 'a b'"},
      {"machines:\n  a: {host: a, port: 0}\n",
       "fleet.yaml:2: machines.a.port: must be a number from 1 to 65535, is '0'"},
      {"machines:\n  a: {host: a, tags: web}\n",
       "fleet.yaml:2: machines.a.tags: must be a list, is 'web'"},
      {"machines:\n  a: {host: a, self: yes}\n",
       "fleet.yaml:2: machines.a.self: must be true or false, is 'yes'"},
      {"machines:\n  a: {host: a}\n  a: {host: b}\n", "fleet.yaml:3: machines.a: is given twice"},
      {"machines:\n  - {name: a, host: a}\n  - {name: a, host: b}\n",
       "fleet.yaml:3: machines.a: is there already, at fleet.yaml:2"},
      {"machines:\n  a: {host: h}\n  b: {address: 'h:50051'}\n",
       "fleet.yaml:3: machines.b: has the address of 'a' (h:50051)"},
      {"machines:\n  a: {self: true}\n  b: {host: b, self: true}\n",
       "fleet.yaml:3: machines.b: self: 'a' is the controller already"},
  });
}

TEST(BadFile, HasAWrongTarget) {
  const std::string start = "machines:\n  a:\n    host: a\n    target: ";
  ExpectComplaints({
      {start + "{channel: stable}\n",
       "fleet.yaml:4: machines.a.target.channel: must be the https://, http:// or file:/// URL of "
       "a signed manifest, which ends in '.json', is 'stable'"},
      {start + "{url: 'https://x/a?b=.json'}\n",
       "fleet.yaml:2: machines.a: target: `url` needs `sha256`, unless it is a signed manifest "
       "(….json)"},
      {start + "{url: 'https://x/a', sha256: abc}\n",
       "fleet.yaml:4: machines.a.target.sha256: must be 64 digits of lower-case hexadecimal, is "
       "'abc'"},
      {start + "{url: 'https://x/a.squashfs'}\n",
       "fleet.yaml:2: machines.a: target: `url` needs `sha256`, unless it is a signed manifest "
       "(….json)"},
      {start + "{channel: 'https://x/c.json', flake: /f}\n",
       "fleet.yaml:2: machines.a: target: needs one of `channel`, `url` and `flake`, and no second "
       "one"},
      {start + "{flake: /f#a, attribute: b}\n",
       "fleet.yaml:2: machines.a: target: `flake` names an attribute already, after its '#'"},
      {start + "{attribute: b}\n", "fleet.yaml:2: machines.a: target: `attribute` needs `flake`"},
      {start + "{flake: --impure}\n",
       "fleet.yaml:4: machines.a.target.flake: must be a flake, such as github:org/config#web, is "
       "'--impure'"},
      {start + "{flake: /f, mode: test}\n",
       "fleet.yaml:4: machines.a.target.mode: must be auto, switch, boot or build, is 'test'"},
      {start + "{mode: boot}\n", "fleet.yaml:2: machines.a: target: `mode` needs `flake`"},
  });
}

TEST(BadFile, HasAWrongGroup) {
  const std::string start = "machines: {a: {host: a, tags: [t]}, b: {host: b}}\ngroups:\n  g: ";
  ExpectComplaints({
      {start + "[a]\n", "fleet.yaml:3: groups.g: must be keys with values"},
      {start + "{}\n", "fleet.yaml:3: groups.g: needs `machines` or `tags`"},
      {start + "{machines: a}\n",
       "fleet.yaml:3: groups.g.machines: must be a list of machines, or all, is 'a'"},
      {start + "\n    machines:\n      - a\n      - c\n",
       "fleet.yaml:6: groups.g.machines: there is no machine 'c'"},
      {start + "{machines: [a, a]}\n", "fleet.yaml:3: groups.g.machines: 'a' is listed twice"},
      {start + "{tags: [x]}\n", "fleet.yaml:3: groups.g.tags: no machine has the tag 'x'"},
      {start + "{machines: all, tags: [t]}\n",
       "fleet.yaml:3: groups.g: `machines: all` leaves nothing to `tags`"},
      {start + "{machines: [a], updatePolicy: careful}\n",
       "fleet.yaml:3: groups.g.updatePolicy: must be aggressive, conservative or manual-approval, "
       "is 'careful'"},
      {start + "{machines: [a], maintenanceWindow: nightly}\n",
       "fleet.yaml:3: groups.g.maintenanceWindow: 'nightly': not a span of times: 'nightly'; give "
       "HH:MM-HH:MM"},
      {start + "{machines: [a], timezone: Berlin}\n",
       "fleet.yaml:3: groups.g.timezone: unknown time zone 'Berlin'; give a name of the system's "
       "time "
       "zone database, such as Europe/Berlin"},
      {start + "{machines: [a], allowReboot: never}\n",
       "fleet.yaml:3: groups.g.allowReboot: must be true or false, is 'never'"},
      {start + "{machines: [a], parallel: 0}\n",
       "fleet.yaml:3: groups.g.parallel: must be a number from 1 to 20000, is '0'"},
      {start + "{machines: [a], canary: 2}\n",
       "fleet.yaml:3: groups.g.canary: must be keys with values"},
      {start + "{machines: [a], canary: {soakTime: soon}}\n",
       "fleet.yaml:3: groups.g.canary.soakTime: must be a duration such as 90s or 1h30m, from 0s "
       "to "
       "168h, is 'soon'"},
      {start + "{machines: [a], maxFailures: 101%}\n",
       "fleet.yaml:3: groups.g.maxFailures: must be a number from 0 to 20000, or 0% to 100%, is "
       "'101%'"},
      {start + "{machines: [a], preScript: drain.sh}\n",
       "fleet.yaml:3: groups.g.preScript: must be an absolute path, or \"\", is 'drain.sh'"},
      {start + "{machines: [a], dependencies: [h]}\n",
       "fleet.yaml:3: groups.g.dependencies: there is no group 'h'"},
      {start + "{machines: [a], dependencies: [g]}\n",
       "fleet.yaml:3: groups.g.dependencies: depends on itself: g → g"},
      {start + "{machines: [a], allowReboot: true, allow_reboot: false}\n",
       "fleet.yaml:3: groups.g.allowReboot: is given twice"},
  });
}

TEST(BadFile, HasAWrongSetting) {
  const std::string start = "machines: {a: {host: a}}\nsettings:\n  ";
  ExpectComplaints({
      {start + "maxParallel: 0\n",
       "fleet.yaml:3: settings.maxParallel: must be a number from 1 to 20000, is '0'"},
      {start + "max_parallel: many\n",
       "fleet.yaml:3: settings.maxParallel: must be a number from 1 to 20000, is 'many'"},
      {start + "rollbackOnFailure: maybe\n",
       "fleet.yaml:3: settings.rollbackOnFailure: must be true, false, machine, wave or group, is "
       "'maybe'"},
      {start + "healthCheckTimeout: 0\n",
       "fleet.yaml:3: settings.healthCheckTimeout: must be a duration such as 90s or 1h30m, from "
       "1s "
       "to 24h, is '0'"},
      {start + "blackoutDates: [2026-13-01]\n",
       "fleet.yaml:3: settings.blackoutDates: not a date: '2026-13-01'; give YYYY-MM-DD, from 1970 "
       "to "
       "2199"},
      {start + "reboots: never\n",
       "fleet.yaml:3: settings.reboots: must be per-wave or after-all, is 'never'"},
      {start + "notificationChannels: mail\n",
       "fleet.yaml:3: settings.notificationChannels: must be a list, is 'mail'"},
      {start + "notificationChannels: [mail]\n",
       "fleet.yaml:3: settings.notificationChannels: there is no channel 'mail' in "
       "`notifications.channels`"},
      {start + "parallel: 3\n", "fleet.yaml:3: settings.parallel: no such key"},
  });
}

TEST(BadFile, HasAWrongChannel) {
  const std::string start = "machines: {a: {host: a}}\nnotifications:\n  channels:\n    ";
  ExpectComplaints({
      {start + "m: {type: pigeon}\n",
       "fleet.yaml:4: notifications.channels.m.type: must be email, discord, slack, webhook, "
       "matrix or command, is 'pigeon'"},
      {start + "m: {type: slack}\n", "fleet.yaml:4: notifications.channels.m: needs `url_secret`"},
      {start + "m: {type: slack, url: 'https://a'}\n",
       "fleet.yaml:4: notifications.channels.m: `url` is not for a channel of this type"},
      {start + "m: {type: slack, password: geheim}\n",
       "fleet.yaml:4: notifications.channels.m.password: no such key"},
      {start + "m: {type: slack, urlSecret: u, events: [update-failed]}\n",
       "fleet.yaml:4: notifications.channels.m.events: each item must be run-started, wave-done, "
       "machine-failed, rolled-back, approval-needed, group-ended, paused, resumed, run-stopped, "
       "long-running or run-finished, is 'update-failed'"},
      {start + "- {type: slack, url_secret: u}\n",
       "fleet.yaml:4: notifications.channels[0]: needs `name`"},
      {start + "- {name: m, type: slack, url_secret: u}\n    - {name: m, type: slack, url_secret: "
               "u}\n",
       "fleet.yaml:5: notifications.channels.m: is given twice"},
      {"machines: {a: {host: a}}\nmetrics: {listen: here}\n",
       "fleet.yaml:2: metrics.listen: must be ADDRESS:PORT, such as '127.0.0.1:28052', or \"\", "
       "is 'here'"},
  });
}

TEST(BadFile, CirclesAreNamed) {
  EXPECT_THAT(Complaints("machines: {a: {host: a}, b: {host: b}, c: {host: c}, d: {host: d}}\n"
                         "groups:\n"
                         "  first: {machines: [a], dependencies: [web]}\n"
                         "  web: {machines: [b], dependencies: [db]}\n"
                         "  db: {machines: [c], dependencies: [cache]}\n"
                         "  cache: {machines: [d], dependencies: [web]}\n"),
              ElementsAre("fleet.yaml:4: groups.web.dependencies: depends on itself: web → db → "
                          "cache → web"));
}

TEST(BadFile, EveryMistakeIsToldAndNoneThatOnlyFollowsFromAnother) {
  EXPECT_THAT(Complaints("machines:\n"
                         "  a: {host: a, tags: [w, 'x y']}\n"
                         "  b: {hots: b}\n"
                         "groups:\n"
                         "  web: {tags: [w], parallel: none}\n"
                         "  db: {machines: [b, c], dependencies: [web, wep]}\n"
                         "setings: {}\n"),
              ElementsAre(StartsWith("fleet.yaml:2: machines.a.tags: each item must be"),
                          "fleet.yaml:3: machines.b.hots: no such key",
                          StartsWith("fleet.yaml:5: groups.web.parallel: must be"),
                          "fleet.yaml:7: setings: no such key",
                          "fleet.yaml:6: groups.db.machines: there is no machine 'c'",
                          "fleet.yaml:6: groups.db.dependencies: there is no group 'wep'"));
}

TEST(BadFile, ThatIsAlmostGoodIsTakenOrRefusedInWords) {
  const std::string good =
      "name: x\nmachines:\n  a: {host: a, user: root, tags: [t]}\n  b: {address: 'ssh://b:22'}\n"
      "groups:\n  g: {tags: [t], maxFailures: 10%, canary: {count: 1, soakTime: 5m}}\n"
      "  h:\n    machines: [b]\n    dependencies: [g]\nsettings: {runLimit: 2h}\n";
  ASSERT_THAT(Complaints(good), IsEmpty());
  for (const std::string& text : fakes::Broken(good, 1000)) {
    for (const std::string& complaint : Complaints(text)) {
      EXPECT_THAT(complaint, testing::AnyOf(StartsWith("fleet.yaml"), StartsWith("output of"),
                                            StartsWith("inventory.exec")));
    }
  }
}

}  // namespace
}  // namespace matic::fleet
