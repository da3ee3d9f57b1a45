#include "agent/update/transition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/agent/update/cases.h"

namespace matic::update {
namespace {

using ::testing::HasSubstr;

// Every event but Started, which tests of its own are about.
struct NamedEvent {
  const char* name;
  Event event;
};
std::vector<NamedEvent> EveryEvent() {
  return {{"stage", StageRequested{MakeOrder()}},
          {"turn", TurnCame{}},
          {"prepared", Prepared{MakeOrder()}},
          {"prepare-failed", PrepareFailed{kRefusal}},
          {"nothing", NothingToDo{"runs already"}},
          {"staged", StageSucceeded{MakeImage()}},
          {"stage-failed", StageFailed{kDiskError}},
          {"activate", ActivateRequested{}},
          {"due", ActivationDue{}},
          {"baseline", BaselineChecked{{}, "slot-a", kFirstBoot}},
          {"activated", ActivateSucceeded{}},
          {"activate-failed", ActivateFailed{kDiskError}},
          {"healthy", HealthPassed{}},
          {"unhealthy", HealthFailed{"api: refused"}},
          {"confirmed", ConfirmSucceeded{}},
          {"confirm-failed", ConfirmFailed{kDiskError}},
          {"rollback", ByHand()},
          {"reverted", RevertSucceeded{}},
          {"revert-failed", RevertFailed{kDiskError}},
          {"cancel", CancelRequested{"", "alice"}},
          {"discarded", Discarded{}},
          {"discard-failed", DiscardFailed{kDiskError}},
          {"reboot", RebootRequested{}}};
}

TEST(TransitionTest, EveryEventInEveryStateLeadsSomewhereOrIsRefused) {
  // State, event, next state; what is not listed is refused.
  const std::map<std::string, std::map<std::string, std::string>> sensible = {
      {"idle",
       {{"stage", "waiting"},
        {"rollback", "rolling-back"},
        {"reboot", "idle"},
        {"discarded", "idle"},
        {"discard-failed", "idle"}}},
      {"waiting",
       {{"turn", "waiting"},
        {"prepared", "staging"},
        {"prepare-failed", "idle"},
        {"nothing", "idle"},
        {"cancel", "idle"},
        {"reboot", "waiting"}}},
      {"staging", {{"staged", "staged"}, {"nothing", "idle"}, {"stage-failed", "idle"}}},
      {"staged",
       {{"activate", "staged"},
        {"due", "staged"},
        {"activate-failed", "idle"},
        {"baseline", "activating"},
        {"cancel", "cancelling"},
        {"reboot", "staged"}}},
      {"activating", {{"activated", "activated"}, {"activate-failed", "idle"}}},
      {"activated", {{"reboot", "activated"}, {"cancel", "cancelling"}}},
      {"trying",
       {{"healthy", "confirming"},
        {"unhealthy", "rolling-back"},
        {"rollback", "rolling-back"},
        {"cancel", "rolling-back"},
        {"reboot", "trying"}}},
      {"confirming",
       {{"confirmed", "idle"}, {"confirm-failed", "confirming"}, {"rollback", "rolling-back"}}},
      {"rolling-back",
       {{"reverted", "rolling-back"},
        {"revert-failed", "rolling-back"},
        {"reboot", "rolling-back"}}},
      {"cancelling", {{"discarded", "idle"}, {"discard-failed", "idle"}}},
      {"rechecking",
       {{"healthy", "idle"},
        {"unhealthy", "idle"},
        {"stage", "waiting"},
        {"rollback", "rolling-back"},
        {"reboot", "rechecking"},
        {"discarded", "rechecking"},
        {"discard-failed", "rechecking"}}},
  };
  for (const UpdateState& state : EveryState()) {
    const std::string name(StateName(state));
    const auto& known = sensible.at(name);
    for (const NamedEvent& named : EveryEvent()) {
      SCOPED_TRACE(name + " + " + named.name);
      Result<Step> step = Transition(state, named.event);
      auto expected = known.find(named.name);
      if (expected == known.end()) {
        ASSERT_FALSE(step);
        EXPECT_EQ(step.error().code, ErrorCode::kRefused);
        EXPECT_THAT(step.error().message,
                    HasSubstr(name == "idle" ? "no update is under way" : name));
      } else {
        ASSERT_TRUE(step) << step.error().message;
        EXPECT_EQ(StateName(step->next), expected->second);
      }
    }
  }
}

TEST(TransitionTest, AnUpdateThatGoesWell) {
  Step step = Take(Idle{}, StageRequested{MakeOrder()});
  ASSERT_NE(ActionOf<AwaitTurn>(step), nullptr);

  step = Take(step.next, TurnCame{});
  ASSERT_NE(ActionOf<Prepare>(step), nullptr);

  step = Take(step.next, Prepared{MakeOrder()});
  ASSERT_NE(ActionOf<Stage>(step), nullptr);
  EXPECT_EQ(ActionOf<Stage>(step)->order, MakeOrder());

  step = Take(step.next, StageSucceeded{MakeImage()});
  ASSERT_NE(ActionOf<AwaitActivation>(step), nullptr);
  EXPECT_EQ(ActionOf<AwaitActivation>(step)->image, MakeImage());

  step = Take(step.next, ActivationDue{});
  ASSERT_NE(ActionOf<CheckBaseline>(step), nullptr);

  step = Take(step.next, BaselineChecked{{"network"}, "slot-a", kFirstBoot});
  ASSERT_NE(ActionOf<Activate>(step), nullptr);
  EXPECT_EQ(ActionOf<Activate>(step)->image, MakeImage());

  step = Take(step.next, ActivateSucceeded{});
  ASSERT_NE(ActionOf<Reboot>(step), nullptr);
  EXPECT_FALSE(step.outcome);

  step = Take(step.next, Started{Runs("slot-b", kSecondBoot, {2, 2, false})});
  ASSERT_NE(ActionOf<CheckHealth>(step), nullptr);
  const Trial& trial = ActionOf<CheckHealth>(step)->trial;
  EXPECT_EQ(trial.boot_counter, 1u);
  EXPECT_EQ(trial.previous, "slot-a");
  EXPECT_THAT(trial.failing_before, ::testing::ElementsAre("network"));

  step = Take(step.next, HealthPassed{});
  ASSERT_NE(ActionOf<Confirm>(step), nullptr);
  EXPECT_FALSE(step.outcome) << "completed is what was read back, not what was asked for";

  step = Take(step.next, ConfirmSucceeded{});
  EXPECT_NE(ActionOf<AnnounceGoodBoot>(step), nullptr);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kCompleted);
  EXPECT_EQ(step.outcome->schedule_id, "sched-20260127-001");
  EXPECT_EQ(step.outcome->image, MakeImage());
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
  EXPECT_TRUE(step.outcome->stays);
  EXPECT_FALSE(step.outcome->rollback);
}

TEST(TransitionTest, RollbackByHandOfAConfirmedSystem) {
  Step step = Take(Idle{}, ByHand());
  ASSERT_NE(ActionOf<Revert>(step), nullptr);
  step = Take(step.next, RevertSucceeded{});
  EXPECT_NE(ActionOf<Reboot>(step), nullptr);
  step = Take(step.next, Started{Runs("slot-a", kSecondBoot, {1, 0, true}, {2, 0, true})});
  EXPECT_NE(ActionOf<AnnounceGoodBoot>(step), nullptr) << "what was left stays as a way back";
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
  EXPECT_EQ(step.outcome->reason, "it feels slow");
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
  EXPECT_EQ(step.outcome->rollback->kind, RollbackKind::kManual);
  EXPECT_EQ(step.outcome->rollback->requested_by, "alice");
}

TEST(TransitionTest, RollbackByHandNeedsSomewhereToGo) {
  Result<Step> step = Transition(Idle{}, ByHand(""));
  ASSERT_FALSE(step);
  EXPECT_THAT(step.error().message, HasSubstr("no other system to go back to"));
}

TEST(TransitionTest, ARebootElsewhereGivesNothingBack) {
  for (const UpdateState& state : {UpdateState(Idle{}), UpdateState(Activated{MakeTrial()}),
                                   UpdateState(Staged{MakeOrder(), MakeImage()})}) {
    const Step step = Take(state, RebootRequested{});
    ASSERT_NE(ActionOf<Reboot>(step), nullptr);
    EXPECT_FALSE(ActionOf<Reboot>(step)->give_try_back);
    EXPECT_EQ(step.next, state);
  }
}

TEST(TransitionTest, RefusalsSayWhatIsNotPossible) {
  Result<Step> step = Transition(Staging{MakeOrder()}, StageRequested{MakeOrder()});
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().message, "another update is not possible while the update is staging");
  step = Transition(Idle{}, CancelRequested{});
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().message, "cancelling is not possible while no update is under way");
}

TEST(TransitionTest, WhatWasAskedForOfAnotherUpdateIsNotDoneToThisOne) {
  const Staged staged{MakeOrder(), MakeImage()};
  for (const Event& event : {Event(CancelRequested{"", "alice", "sched-of-before"}),
                             Event(ActivateRequested{"sched-of-before"})}) {
    EXPECT_FALSE(Transition(staged, event));
  }
  EXPECT_TRUE(Transition(staged, CancelRequested{"", "alice", staged.order.schedule_id}));
  EXPECT_TRUE(Transition(staged, ActivateRequested{staged.order.schedule_id}));
}

TEST(TransitionTest, EveryStateButIdleHasAnActThatIsPending) {
  for (const UpdateState& state : EveryState()) {
    EXPECT_EQ(PendingAction(state).has_value(), !std::holds_alternative<Idle>(state))
        << StateName(state);
  }
}

}  // namespace
}  // namespace matic::update
