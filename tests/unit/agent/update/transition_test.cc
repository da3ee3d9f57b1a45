#include "agent/update/transition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/agent/update/cases.h"

namespace matic::update {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Error kDiskError{ErrorCode::kIo, "write slot-b: Input/output error"};
const Error kRefusal{ErrorCode::kRefused, "slot-a cannot be gone back to"};

RollbackRequested ByHand(const std::string& previous = "slot-a") {
  return {.reason = "it feels slow",
          .requested_by = "alice",
          .running = "slot-b",
          .running_version = "2.0",
          .running_digest = MakeImage().digest,
          .previous = previous,
          .boot_id = kFirstBoot};
}

Step Take(const UpdateState& state, const Event& event) {
  Result<Step> step = Transition(state, event);
  EXPECT_TRUE(step) << StateName(state) << ": " << step.error().message;
  return step ? *step : Step{};
}

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

TEST(TransitionTest, WhatSpeaksAgainstAnUpdateEndsItBeforeAnythingIsTouched) {
  const Step step = Take(Waiting{MakeOrder()}, PrepareFailed{kRefusal});
  EXPECT_FALSE(step.action);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->reason, kRefusal.message);
}

TEST(TransitionTest, AnotherVersionThanTheManifestPromisedIsNotActivated) {
  Order order = MakeOrder();
  order.version = "3.0";
  const Step step = Take(Staging{order}, StageSucceeded{MakeImage()});
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason, HasSubstr("\"2.0\", the signed manifest \"3.0\""));
}

TEST(TransitionTest, ACancellationBeforeItsTurnTouchesNothing) {
  const Step step = Take(Waiting{MakeOrder()}, CancelRequested{"", "alice"});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_FALSE(step.action);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
}

TEST(TransitionTest, WhatIsStagedAndCannotBeActivatedIsDiscarded) {
  const Step step = Take(Staged{MakeOrder(), MakeImage()}, ActivateFailed{kDiskError});
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  EXPECT_EQ(ActionOf<Discard>(step)->target, "slot-b");
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
}

TEST(TransitionTest, AFailedStageEndsItAndChangesNothing) {
  const Step step = Take(Staging{MakeOrder()}, StageFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_FALSE(step.action);
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->reason, kDiskError.message);
}

TEST(TransitionTest, StagingThatWasCancelledIsNoFailure) {
  const Step step =
      Take(Staging{MakeOrder()}, StageFailed{Error{ErrorCode::kCancelled, "cancelled by alice"}});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
  EXPECT_EQ(step.outcome->reason, "cancelled by alice");
}

TEST(TransitionTest, StopsAfterStagingUntilAskedToGoOn) {
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

TEST(TransitionTest, AFailedActivationLeavesNothingBootable) {
  const Step step = Take(Activating{MakeTrial()}, ActivateFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  EXPECT_EQ(ActionOf<Discard>(step)->target, "slot-b");
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(TransitionTest, CancelBeforeActivationLeavesNothing) {
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

TEST(TransitionTest, CancelAfterActivationTakesTheNextBootBack) {
  Step step = Take(Activated{MakeTrial()}, CancelRequested{"", "alice"});
  ASSERT_NE(ActionOf<Discard>(step), nullptr);
  step = Take(step.next, Discarded{});
  EXPECT_EQ(step.outcome->end, Outcome::End::kCancelled);
  // The machine may be one that was started in between.
  EXPECT_NE(ActionOf<AnnounceGoodBoot>(step), nullptr);
}

TEST(TransitionTest, CancelThatCannotDiscardSaysSo) {
  const Step step = Take(Cancelling{MakeOrder(), MakeImage(), "slot-a", "cancelled by alice"},
                         DiscardFailed{kDiskError});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_THAT(step.outcome->reason, HasSubstr("could not be made unbootable"));
}

TEST(TransitionTest, CancelOnTrialGoesBack) {
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

TEST(TransitionTest, AFailedCheckGoesBackAndQuarantines) {
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

TEST(TransitionTest, WithoutAutoRollbackAFailedRoundEndsTheTrialAndItStays) {
  Step step = Take(Trying{MakeStartedTrial(false)}, HealthFailed{"api: refused"});
  ASSERT_NE(ActionOf<Confirm>(step), nullptr);
  step = Take(step.next, ConfirmSucceeded{});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->reason, "running, unhealthy: api: refused");
  EXPECT_TRUE(step.outcome->stays);
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(TransitionTest, ATrialWithNowhereToGoIsAskedAgain) {
  Trial trial = MakeStartedTrial();
  trial.previous.clear();
  const Step step = Take(Trying{trial}, HealthFailed{"api: refused"});
  EXPECT_EQ(step.next, UpdateState(Trying{trial}));
  EXPECT_NE(ActionOf<CheckHealth>(step), nullptr);
  EXPECT_FALSE(Transition(Trying{trial}, ByHand("")));
  EXPECT_FALSE(Transition(Trying{trial}, CancelRequested{}));
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

TEST(TransitionTest, RollbackByHandOnTrialIsNoVerdict) {
  Step step = Take(Trying{MakeStartedTrial()}, ByHand());
  step = Take(step.next, RevertSucceeded{});
  step = Take(step.next, Started{Runs("slot-a", kThirdBoot, kUnbootable, {2, 0, true})});
  EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
  EXPECT_EQ(step.outcome->schedule_id, "sched-20260127-001");
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(TransitionTest, ARevertTheDiskDidNotTakeIsTriedAgain) {
  const RollingBack state{MakeStartedTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  const Step step = Take(state, RevertFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(state));
  EXPECT_NE(ActionOf<Revert>(step), nullptr);
  EXPECT_FALSE(step.outcome);
}

TEST(TransitionTest, WhereTheWayBackIsClosedTheTrialGoesOnWithoutOne) {
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

TEST(TransitionTest, ARollbackOfAConfirmedSystemThatFailsChangesNothing) {
  const Step begun = Take(Idle{}, ByHand());
  for (const Error& error : {kDiskError, kRefusal}) {
    const Step step = Take(begun.next, RevertFailed{error});
    EXPECT_EQ(step.next, UpdateState(Idle{}));
    ASSERT_TRUE(step.outcome);
    EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
    EXPECT_FALSE(step.outcome->rollback);
  }
}

TEST(TransitionTest, AConfirmationTheDiskDidNotTakeIsTriedAgain) {
  const Confirming state{MakeStartedTrial(), ""};
  const Step step = Take(state, ConfirmFailed{kDiskError});
  EXPECT_EQ(step.next, UpdateState(state));
  EXPECT_NE(ActionOf<Confirm>(step), nullptr);
}

TEST(TransitionTest, ARebootOnTrialGivesTheTryBackThreeTimes) {
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
