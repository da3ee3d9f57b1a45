#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/update/transition.h"
#include "tests/unit/agent/update/cases.h"

namespace matic::update {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(TrialTransitionTest, AFailedActivationLeavesNothingBootable) {
  const Step step = Take(Activating{MakeTrial()}, ActivateFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  EXPECT_EQ(ActionOf<Discard>(step)->target, "slot-b");
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(TrialTransitionTest, CancelAfterActivationTakesTheNextBootBack) {
  Step step = Take(Activated{MakeTrial()}, CancelRequested{"", "alice"});
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  step = Take(step.next, Discarded{});
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
  // The machine may be one that was started in between.
  EXPECT_NE(ActionOf<AnnounceGoodBoot>(step), nullptr);
}

TEST(TrialTransitionTest, CancelOnTrialGoesBack) {
  Step step = Take(Trying{MakeStartedTrial()}, CancelRequested{"", "alice"});
  ASSERT_NE(ActionOf<Revert>(step), nullptr);
  EXPECT_EQ(ActionOf<Revert>(step)->previous, "slot-a");
  step = Take(step.next, RevertSucceeded{});
  EXPECT_NE(ActionOf<Reboot>(step), nullptr);
  EXPECT_FALSE(step.outcome) << "it ends when the previous system runs";

  step = Take(step.next, Started{Runs("slot-a", kThirdBoot, kUnbootable, {2, 0, true})});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(TrialTransitionTest, AFailedCheckGoesBackAndQuarantines) {
  Step step = Take(Trying{MakeStartedTrial()}, HealthFailed{"api: refused"});
  ASSERT_NE(ActionOf<Revert>(step), nullptr);
  step = Take(step.next, RevertSucceeded{});
  step = Take(step.next, Started{Runs("slot-a", kThirdBoot, kUnbootable, {2, 0, true})});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
  EXPECT_EQ(step.outcome->reason, "api: refused");
  EXPECT_EQ(step.outcome->verdict, Verdict::kQuarantine);
  ASSERT_TRUE(step.outcome->rollback);
  EXPECT_EQ(step.outcome->rollback->kind, RollbackKind::kAutomatic);
  EXPECT_EQ(step.outcome->rollback->from, "slot-b");
  EXPECT_EQ(step.outcome->rollback->to, "slot-a");
}

TEST(TrialTransitionTest, WithoutAutoRollbackAFailedRoundEndsTheTrialAndItStays) {
  Step step = Take(Trying{MakeStartedTrial(false)}, HealthFailed{"api: refused"});
  ASSERT_NE(ActionOf<Confirm>(step), nullptr);
  step = Take(step.next, ConfirmSucceeded{});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->reason, "running, unhealthy: api: refused");
  EXPECT_TRUE(step.outcome->stays);
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(TrialTransitionTest, ATrialWithNowhereToGoIsAskedAgain) {
  Trial trial = MakeStartedTrial();
  trial.previous.clear();
  const Step step = Take(Trying{trial}, HealthFailed{"api: refused"});
  EXPECT_EQ(step.next, UpdateState(Trying{trial}));
  EXPECT_NE(ActionOf<CheckHealth>(step), nullptr);
  EXPECT_FALSE(Transition(Trying{trial}, ByHand("")));
  EXPECT_FALSE(Transition(Trying{trial}, CancelRequested{}));
}

TEST(TrialTransitionTest, RollbackByHandOnTrialIsNoVerdict) {
  Step step = Take(Trying{MakeStartedTrial()}, ByHand());
  step = Take(step.next, RevertSucceeded{});
  step = Take(step.next, Started{Runs("slot-a", kThirdBoot, kUnbootable, {2, 0, true})});
  EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
  EXPECT_EQ(step.outcome->schedule_id, "sched-20260127-001");
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(TrialTransitionTest, ARevertTheDiskDidNotTakeIsTriedAgain) {
  const RollingBack state{MakeStartedTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  const Step step = Take(state, RevertFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(state));
  EXPECT_NE(ActionOf<Revert>(step), nullptr);
  EXPECT_FALSE(step.outcome);
}

TEST(TrialTransitionTest, WhereTheWayBackIsClosedTheTrialGoesOnWithoutOne) {
  const RollingBack state{MakeStartedTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  const Step step = Take(state, RevertFailed{kRefusal});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason, HasSubstr("api: refused; and it could not be rolled back"));
  EXPECT_EQ(step.outcome->verdict, Verdict::kQuarantine);
  const auto* trying = std::get_if<Trying>(&step.next);
  ASSERT_NE(trying, nullptr);
  EXPECT_THAT(trying->trial.previous, IsEmpty());
  EXPECT_THAT(trying->trial.order.schedule_id, IsEmpty()) << "that schedule has ended";
  EXPECT_NE(ActionOf<CheckHealth>(step), nullptr);
}

TEST(TrialTransitionTest, ARollbackOfAConfirmedSystemThatFailsChangesNothing) {
  const Step begun = Take(Idle{}, ByHand());
  for (const Error& error : {kDiskError, kRefusal}) {
    const Step step = Take(begun.next, RevertFailed{error});
    EXPECT_EQ(step.next, UpdateState(Idle{}));
    ASSERT_TRUE(step.outcome);
    EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
    EXPECT_FALSE(step.outcome->rollback);
  }
}

TEST(TrialTransitionTest, AConfirmationTheDiskDidNotTakeIsTriedAgain) {
  const Confirming state{MakeStartedTrial(), ""};
  const Step step = Take(state, ConfirmFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(state));
  EXPECT_NE(ActionOf<Confirm>(step), nullptr);
}

TEST(TrialTransitionTest, ARebootOnTrialGivesTheTryBackThreeTimes) {
  UpdateState state = Trying{MakeStartedTrial()};
  for (int reboot = 1; reboot <= 4; ++reboot) {
    const Step step = Take(state, RebootRequested{});
    ASSERT_NE(ActionOf<Reboot>(step), nullptr);
    EXPECT_EQ(ActionOf<Reboot>(step)->give_try_back, reboot <= 3) << reboot;
    state = Take(step.next,
                 Started{Runs("slot-b", "boot-" + std::to_string(reboot + 2), {2, 2, false})})
                .next;
  }
  const auto* trying = std::get_if<Trying>(&state);
  ASSERT_NE(trying, nullptr);
  EXPECT_EQ(trying->trial.boot_counter, 5u);
}

}  // namespace
}  // namespace matic::update
