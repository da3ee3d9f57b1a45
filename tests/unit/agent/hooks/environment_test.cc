#include "agent/hooks/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::hooks {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(HookEnvironmentTest, SaysAllThatIsKnown) {
  const auto environment =
      MakeEnvironment(Stage::kRollback, {.schedule_id = "sched-20260127-001",
                                         .source = "https://cdn.example.com/os.squashfs",
                                         .target = "slot-b",
                                         .version = "2.0",
                                         .digest = "9f2c",
                                         .previous = "slot-a",
                                         .previous_version = "1.9",
                                         .reason = "health check failed: shop: answered 503"});
  for (const char* variable :
       {"MATIC_HOOK=rollback", "MATIC_SCHEDULE_ID=sched-20260127-001",
        "MATIC_SOURCE=https://cdn.example.com/os.squashfs", "MATIC_TARGET=slot-b",
        "MATIC_VERSION=2.0", "MATIC_DIGEST=9f2c", "MATIC_PREVIOUS=slot-a",
        "MATIC_PREVIOUS_VERSION=1.9", "MATIC_REASON=health check failed: shop: answered 503",
        "LANG=C.UTF-8", "HOME=/"}) {
    EXPECT_THAT(environment, Contains(std::string(variable)));
  }
  EXPECT_THAT(environment, Contains(StartsWith("PATH=/")));
}

TEST(HookEnvironmentTest, WhatIsNotKnownIsNotSet) {
  for (const std::string& variable : MakeEnvironment(Stage::kPre, {})) {
    EXPECT_THAT(variable, Not(testing::EndsWith("=")));
  }
  EXPECT_THAT(MakeEnvironment(Stage::kPre, {}), Not(Contains(StartsWith("MATIC_REASON"))));
}

TEST(HookEnvironmentTest, AValueIsOneBoundedLine) {
  const auto environment =
      MakeEnvironment(Stage::kPre, {.version = std::string(10000, 'v'), .reason = "a\nB=2\x01"});
  EXPECT_THAT(environment, Contains("MATIC_REASON=a?B=2?"));
  EXPECT_THAT(environment, Contains("MATIC_VERSION=" + std::string(4096, 'v')));
}

TEST(HookEnvironmentTest, AUnitsFileQuotesWhatSystemdWouldTakeForItsOwn) {
  EXPECT_EQ(
      EnvironmentFileText({"PATH=/bin", "MATIC_HOOK=pre", "MATIC_REASON=say \"a\\b\" $HOME `x`"}),
      "MATIC_HOOK=\"pre\"\nMATIC_REASON=\"say \\\"a\\\\b\\\" \\$HOME \\`x\\`\"\n");
}

}  // namespace
}  // namespace matic::hooks
