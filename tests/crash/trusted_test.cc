#include "tests/crash/trusted.h"

#include <gtest/gtest.h>

#include <chrono>

namespace matic::crash {
namespace {

trust::TrustState Remembered() {
  return {.root_version = 2,
          .manifest_key_ids = {},
          .version_floor = "2.0",
          .channels = {{"stable", WallTime(std::chrono::seconds(100))}},
          .last_verified_time = WallTime(std::chrono::seconds(100))};
}

std::string WhatIsBroken(const Result<>& judged) { return judged ? "" : judged.error().message; }

std::string WhatIsForgotten(const trust::TrustState& after) {
  return WhatIsBroken(JudgeRemembered(Remembered(), after));
}

SlotView Holds(const std::string& version, bool confirmed) {
  return {.attributes = {.priority = 1, .tries = 0, .successful = confirmed},
          .whole = &SystemOf(version)};
}

TEST(Remembered, MayGrow) {
  trust::TrustState later = Remembered();
  later.root_version = 3;
  later.version_floor = "2.1";
  later.channels["stable"] += std::chrono::seconds(1);
  later.channels["beta"] = {};
  later.last_verified_time += std::chrono::seconds(1);
  EXPECT_EQ(WhatIsForgotten(later), "");
  EXPECT_EQ(WhatIsForgotten(Remembered()), "");
}

TEST(Remembered, NothingIsForgotten) {
  trust::TrustState other = Remembered();
  other.root_version = 1;
  EXPECT_EQ(WhatIsForgotten(other), "an adopted root document is lost");
  other = Remembered();
  other.version_floor = "1.0";
  EXPECT_EQ(WhatIsForgotten(other), "versions before 2.0 are no longer shut out");
  other = Remembered();
  other.last_verified_time -= std::chrono::seconds(1);
  EXPECT_EQ(WhatIsForgotten(other), "the last verified time went back");
  other = Remembered();
  other.channels["stable"] -= std::chrono::seconds(1);
  EXPECT_EQ(WhatIsForgotten(other), "older manifests of stable are taken again");
  other.channels.clear();
  EXPECT_EQ(WhatIsForgotten(other), "older manifests of stable are taken again");
}

TEST(Floor, LetsAConfirmedSystemIn) {
  DiskView disk;
  disk.slots = {Holds("1.0", true), Holds("2.0", false)};
  EXPECT_EQ(WhatIsBroken(JudgeFloor("1.0", disk)), "");
  EXPECT_EQ(WhatIsBroken(JudgeFloor("2.0", disk)),
            "versions before 2.0 are shut out, and no other one is confirmed");
  disk.slots = {Holds("1.0", true), Holds("2.0", true)};
  EXPECT_EQ(WhatIsBroken(JudgeFloor("2.0", disk)), "");
}

}  // namespace
}  // namespace matic::crash
