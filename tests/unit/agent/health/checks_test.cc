#include "agent/health/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_process_runner.h"
#include "tests/fakes/manual_clock.h"

namespace matic::health {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class MakeChecksTest : public testing::Test {
 protected:
  std::vector<std::unique_ptr<Check>> Make() {
    return MakeChecks(health_, config::Api{}, processes_, clock_);
  }

  static std::vector<std::string> NamesOf(const std::vector<std::unique_ptr<Check>>& checks) {
    std::vector<std::string> names;
    for (const auto& check : checks) names.push_back(check->name());
    return names;
  }

  fakes::FakeProcessRunner processes_;
  fakes::ManualClock clock_;
  config::Health health_;
};

TEST_F(MakeChecksTest, TheDefaultsAskLittleOfAMachine) {
  const auto checks = Make();
  EXPECT_THAT(NamesOf(checks), ElementsAre("boot", "service", "network", "api"));
  std::vector<bool> critical;
  for (const auto& check : checks) critical.push_back(check->critical());
  EXPECT_THAT(critical, ElementsAre(true, true, false, true));
}

TEST_F(MakeChecksTest, EveryCheckCanBeSwitched) {
  config::Checks& wanted = health_.checks;
  for (config::CheckSettings* settings : {&wanted.boot.settings, &wanted.service.settings,
                                          &wanted.network.settings, &wanted.api.settings}) {
    settings->enabled = false;
  }
  EXPECT_THAT(Make(), IsEmpty());
  for (config::CheckSettings* settings :
       {&wanted.disk.settings, &wanted.memory.settings, &wanted.load.settings,
        &wanted.failed_units.settings, &wanted.time.settings}) {
    settings->enabled = true;
  }
  EXPECT_THAT(NamesOf(Make()), ElementsAre("disk", "memory", "load", "failed_units", "time"));
}

TEST_F(MakeChecksTest, WhatAllChecksHaveIsTheConfigurations) {
  health_.checks.network.settings = {.critical = true, .retries = 5, .interval = 2s};
  health_.checks.api.settings.critical = false;
  const auto checks = Make();
  EXPECT_TRUE(checks[2]->critical());
  EXPECT_EQ(checks[2]->tries().attempts, 5u);
  EXPECT_EQ(checks[2]->tries().interval, 2s);
  EXPECT_FALSE(checks[3]->critical());
  EXPECT_EQ(checks[3]->tries().attempts, std::nullopt);
}

TEST_F(MakeChecksTest, RetriesAndTimesAreTheConfigurations) {
  const RetryPolicy policy = MakeRetryPolicy(config::Health{});
  EXPECT_EQ(policy.timeout, 300s);
  EXPECT_EQ(policy.interval, 10s);
  EXPECT_EQ(policy.attempts, 30u);
}

}  // namespace
}  // namespace matic::health
