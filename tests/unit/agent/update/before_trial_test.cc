#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/update/transition.h"
#include "tests/unit/agent/update/cases.h"

namespace matic::update {
namespace {

using ::testing::HasSubstr;

TEST(BeforeTrialTransitionTest, WhatSpeaksAgainstAnUpdateEndsItBeforeAnythingIsTouched) {
  const Step step = Take(Waiting{MakeOrder()}, PrepareFailed{kRefusal});
  EXPECT_FALSE(step.action);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->reason, kRefusal.message);
}

TEST(BeforeTrialTransitionTest, AnotherVersionThanTheManifestPromisedIsNotActivated) {
  Order order = MakeOrder();
  order.version = "3.0";
  const Step step = Take(Staging{order}, StageSucceeded{MakeImage()});
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason, HasSubstr("\"2.0\", the signed manifest \"3.0\""));
}

TEST(BeforeTrialTransitionTest, ACancellationBeforeItsTurnTouchesNothing) {
  const Step step = Take(Waiting{MakeOrder()}, CancelRequested{"", "alice"});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_FALSE(step.action);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
}

TEST(BeforeTrialTransitionTest, WhatIsStagedAndCannotBeActivatedIsDiscarded) {
  const Step step = Take(Staged{MakeOrder(), MakeImage()}, ActivateFailed{kDiskError});
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  EXPECT_EQ(ActionOf<Discard>(step)->target, "slot-b");
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
}

TEST(BeforeTrialTransitionTest, AFailedStageEndsItAndChangesNothing) {
  const Step step = Take(Staging{MakeOrder()}, StageFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_FALSE(step.action);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->reason, kDiskError.message);
}

TEST(BeforeTrialTransitionTest, StagingThatWasCancelledIsNoFailure) {
  const Step step =
      Take(Staging{MakeOrder()}, StageFailed{Error{ErrorCode::kCancelled, "cancelled by alice"}});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
  EXPECT_EQ(step.outcome->reason, "cancelled by alice");
}

TEST(BeforeTrialTransitionTest, StopsAfterStagingUntilAskedToGoOn) {
  Order order = MakeOrder();
  order.stop_after_staging = true;
  Step step = Take(Staging{order}, StageSucceeded{MakeImage()});
  EXPECT_FALSE(step.action);
  EXPECT_FALSE(PendingAction(step.next));

  EXPECT_FALSE(Transition(step.next, ActivationDue{})) << "a time that came before it was asked to";

  step = Take(step.next, ActivateRequested{});
  EXPECT_NE(ActionOf<AwaitActivation>(step), nullptr);
  // An agent restarted right here goes on.
  step = Take(step.next, Started{Runs("slot-a", kFirstBoot, kUnbootable)});
  EXPECT_TRUE(std::holds_alternative<AwaitActivation>(*PendingAction(step.next)));
}

TEST(BeforeTrialTransitionTest, CancelBeforeActivationLeavesNothing) {
  Step step = Take(Staged{MakeOrder(), MakeImage()}, CancelRequested{"wrong image", "alice"});
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  EXPECT_EQ(ActionOf<Discard>(step)->target, "slot-b");

  step = Take(step.next, Discarded{});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
  EXPECT_EQ(step.outcome->reason, "cancelled by alice: wrong image");
  EXPECT_FALSE(step.outcome->rollback) << "it was never started";
}

TEST(BeforeTrialTransitionTest, CancelThatCannotDiscardSaysSo) {
  const Step step = Take(Cancelling{MakeOrder(), MakeImage(), "slot-a", "cancelled by alice"},
                         DiscardFailed{kDiskError});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason, HasSubstr("could not be made unbootable"));
}

}  // namespace
}  // namespace matic::update
