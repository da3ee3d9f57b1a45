#include "agent/config/hooks.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

class HooksConfigTest : public ConfigFolder {};

TEST_F(HooksConfigTest, EveryKeyIsRead) {
  const auto config = LoadText(R"(
hooks:
  dir: /srv/hooks
  deadline_seconds: 60
  pre:
    - {unit: backup.service}
    - {command: [/usr/bin/tell, "an update comes"], required: false}
  post: [{unit: tell.service}]
  rollback: [{command: [/usr/bin/tell, sorry]}]
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->hooks,
            (Hooks{.dir = "/srv/hooks",
                   .deadline = std::chrono::seconds(60),
                   .pre = {{.unit = "backup.service"},
                           {.command = {"/usr/bin/tell", "an update comes"}, .required = false}},
                   .post = {{.unit = "tell.service"}},
                   .rollback = {{.command = {"/usr/bin/tell", "sorry"}}}}));
}

TEST_F(HooksConfigTest, WhatIsWrongIsTold) {
  const struct {
    const char* hooks;
    const char* complaint;
  } cases[] = {
      {"pre: [{}]", "hooks.pre[0]: needs either `unit` or `command`"},
      {"pre: [{unit: a.service, command: [b]}]", "hooks.pre[0]: needs either `unit` or `command`"},
      {"post: [{command: []}]", "hooks.post[0].command: must have 1 to 64 items, has 0"},
      {"rollback: [{unit: '--now'}]",
       "hooks.rollback[0].unit: must be a unit's name, such as 'matic-agent.service', is '--now'"},
      {"deadline_seconds: 0", "hooks.deadline_seconds: must be a number from 1 to 86400, is '0'"},
      {"dir: hooks", "hooks.dir: must be an absolute path, is 'hooks'"},
  };
  for (const auto& [hooks, complaint] : cases) {
    EXPECT_EQ(Complaint("hooks: {" + std::string(hooks) + "}\n"),
              std::string("agent.yaml:1: ") + complaint);
  }
}

}  // namespace
}  // namespace matic::config
