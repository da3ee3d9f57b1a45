// What was rolled back to fails the same check: the cause is not in the image.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/update/cases.h"

namespace matic::update {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

const Facts kArrived = Runs("slot-a", kThirdBoot, kUnbootable, {2, 0, true});

HealthFailed Fails(std::vector<std::string> checks) { return {"refused", std::move(checks)}; }

// 2.0 failed these, and slot-a runs.
Step GoneBackFor(std::vector<std::string> checks) {
  Step step = Take(Trying{MakeStartedTrial()}, Fails(std::move(checks)));
  step = Take(step.next, RevertSucceeded{});
  return Take(step.next, Started{kArrived});
}

Rechecking RecheckingFor(std::vector<std::string> checks) {
  return std::get<Rechecking>(GoneBackFor(std::move(checks)).next);
}

TEST(CommonCauseTest, WhatWasGoneBackToTakesTheSameChecksOnceTheOutcomeIsTold) {
  Step step = GoneBackFor({"api", "net"});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
  EXPECT_EQ(step.outcome->verdict, Verdict::kQuarantine);
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  step = Take(step.next, Discarded{});
  EXPECT_NE(ActionOf<AnnounceGoodBoot>(step), nullptr);
  const std::optional<Action> pending = PendingAction(step.next);
  ASSERT_TRUE(pending);
  ASSERT_NE(std::get_if<Recheck>(&*pending), nullptr);
  EXPECT_THAT(std::get<Recheck>(*pending).checks, ElementsAre("api", "net"));
}

TEST(CommonCauseTest, ItPassesAndTheImageIsToBlame) {
  const Step step = Take(RecheckingFor({"api"}), HealthPassed{});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_FALSE(step.common_cause);
}

TEST(CommonCauseTest, ItFailsAsWellAndNothingMoreIsDone) {
  const Step step = Take(RecheckingFor({"api", "net"}), Fails({"net"}));
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_FALSE(step.action) << "no reboot, and no other slot";
  ASSERT_TRUE(step.common_cause);
  EXPECT_EQ(step.common_cause->runs, "slot-a");
  EXPECT_EQ(step.common_cause->reason, "refused");
  EXPECT_THAT(step.common_cause->checks, ElementsAre("net"));
  EXPECT_THAT(step.common_cause->suspects,
              ElementsAre(Field(&Suspect::digest, MakeImage().digest)));
}

TEST(CommonCauseTest, ItFailsAnotherCheck) {
  const Step step = Take(RecheckingFor({"api"}), Fails({"disk"}));
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_FALSE(step.common_cause);
}

TEST(CommonCauseTest, NothingIsCheckedAgainWhereNoCheckSentItBack) {
  const auto next_of = [](const RollingBack& back) { return Take(back, Started{kArrived}).next; };
  const Trial trial = MakeStartedTrial();
  EXPECT_EQ(next_of({trial, RollbackKind::kManual, "slow", "alice", false, {"api"}}),
            UpdateState(Idle{}));
  EXPECT_EQ(next_of({trial, RollbackKind::kCancel, "cancelled", "alice", false, {"api"}}),
            UpdateState(Idle{}));
  EXPECT_EQ(next_of({trial, RollbackKind::kAutomatic, "an older agent's", ""}),
            UpdateState(Idle{}));
}

TEST(CommonCauseTest, WhoeverWantsSomethingComesFirst) {
  const Rechecking state = RecheckingFor({"api"});
  EXPECT_EQ(StateName(Take(state, StageRequested{MakeOrder()}).next), "waiting");
  RollbackRequested by_hand;
  by_hand.running = "slot-a";
  by_hand.previous = "slot-b";
  EXPECT_EQ(StateName(Take(state, by_hand).next), "rolling-back");
  const Step step = Take(state, RebootRequested{});
  EXPECT_EQ(step.next, UpdateState(state));
  EXPECT_NE(ActionOf<Reboot>(step), nullptr);
}

TEST(CommonCauseTest, AStartInBetweenTakesThemAgainButNotForEver) {
  UpdateState state = RecheckingFor({"api"});
  for (uint32_t start = 2; start <= kMaxRecheckStarts; ++start) {
    const Step step = Take(state, Started{kArrived});
    EXPECT_NE(ActionOf<AnnounceGoodBoot>(step), nullptr);
    ASSERT_EQ(StateName(step.next), "rechecking") << start;
    state = step.next;
  }
  EXPECT_EQ(Take(state, Started{kArrived}).next, UpdateState(Idle{}))
      << "the check itself may be what ends agent or machine";
}

TEST(CommonCauseTest, AnotherSystemThatRunsMeanwhileIsNotJudgedByIt) {
  const Rechecking state = RecheckingFor({"api"});
  EXPECT_EQ(Take(state, Started{Runs("slot-b", kThirdBoot, {2, 0, true})}).next,
            UpdateState(Idle{}));
  EXPECT_EQ(
      StateName(Take(state, Started{Runs("slot-a", kThirdBoot, kUnbootable, kUnbootable)}).next),
      "trying")
      << "started as a last resort";
}

// On a host that has one: "new" went back to "old", which is on trial, and "good" comes after it.
class GoldenCauseTest : public testing::Test {
 protected:
  static RollingBack LeaveNew() {
    Trial trial = MakeStartedTrial();
    trial.image.target = "new";
    trial.image.live = true;
    trial.previous = "old";
    return {trial, RollbackKind::kAutomatic, "refused", "", false, {"net"}};
  }
  // As it comes to rest on the golden system, where `old` failed these.
  static Step LeaveOld(std::vector<std::string> checks) {
    Step step = Take(LeaveNew(), RevertSucceeded{.runs = "old", .golden = "good"});
    step = Take(step.next, Fails(std::move(checks)));
    return Take(step.next, RevertSucceeded{.runs = "good", .golden = "good"});
  }
};

TEST_F(GoldenCauseTest, TheGoldenSystemDecides) {
  const Step arrived = LeaveOld({"net"});
  ASSERT_EQ(StateName(arrived.next), "rechecking");
  const Step step = Take(arrived.next, Fails({"net"}));
  ASSERT_TRUE(step.common_cause);
  EXPECT_EQ(step.common_cause->runs, "good");
  EXPECT_THAT(step.common_cause->suspects,
              ElementsAre(Field(&Suspect::target, "new"), Field(&Suspect::target, "old")));
  EXPECT_FALSE(Take(arrived.next, HealthPassed{}).common_cause);
}

TEST_F(GoldenCauseTest, OnlyThoseAreExplainedThatFailedTheSame) {
  const Step step = Take(LeaveOld({"disk"}).next, Fails({"disk"}));
  ASSERT_TRUE(step.common_cause);
  EXPECT_THAT(step.common_cause->checks, ElementsAre("disk"));
  EXPECT_THAT(step.common_cause->suspects, ElementsAre(Field(&Suspect::target, "old")));
}

TEST_F(GoldenCauseTest, WhereTheSystemBeforeIsTheGoldenOneItDecides) {
  const Step step = Take(LeaveNew(), RevertSucceeded{.runs = "old", .golden = "old"});
  ASSERT_EQ(StateName(step.next), "rechecking");
  EXPECT_NE(ActionOf<AnnounceGoodBoot>(step), nullptr);
  EXPECT_TRUE(Take(step.next, Fails({"net"})).common_cause);
}

}  // namespace
}  // namespace matic::update
