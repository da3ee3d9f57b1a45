// Updates that take no reboot, and what comes after a rollback where there is a golden system.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/update/cases.h"

namespace matic::update {
namespace {

using testing::HasSubstr;

const Error kUnitsFailed{ErrorCode::kIo, "app.service failed"};

StagedImage LiveImage() {
  return {.target = "new", .digest = "/nix/store/new", .version = "24.11", .live = true};
}

Trial LiveTrial() {
  Trial trial;
  trial.order = MakeOrder();
  trial.image = LiveImage();
  trial.previous = "old";
  trial.activated_boot_id = kFirstBoot;
  return trial;
}

Trial RunningTrial() {
  Trial trial = LiveTrial();
  trial.last_boot_id = kFirstBoot;
  trial.boot_counter = 1;
  return trial;
}

Target System(const std::string& name, bool running, bool confirmed = true) {
  Target target;
  target.name = name;
  target.running = running;
  target.bootable = true;
  target.successful = confirmed;
  target.priority = 1;
  return target;
}

Facts Runs(const std::string& running, const std::string& boot_id) {
  Facts facts;
  facts.boot_id = boot_id;
  facts.targets = {System("old", running == "old"), System("new", running == "new", false),
                   System("good", running == "good")};
  facts.targets.back().golden = true;
  return facts;
}

TEST(LiveTest, IsOnTrialOnceItRuns) {
  const Step step = Take(Activating{LiveTrial()}, ActivateSucceeded{});
  EXPECT_EQ(step.next, UpdateState(Trying{RunningTrial()}));
  EXPECT_NE(ActionOf<CheckHealth>(step), nullptr);
}

TEST(LiveTest, ASwitchThatFailsHalfwayIsGoneBackFrom) {
  Step step = Take(Activating{LiveTrial()}, ActivateFailed{kUnitsFailed});
  ASSERT_NE(ActionOf<Revert>(step), nullptr);
  EXPECT_EQ(ActionOf<Revert>(step)->previous, "old");
  step = Take(step.next, RevertSucceeded{.runs = "old"});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  ASSERT_TRUE(step.outcome && step.outcome->rollback);
  EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
  EXPECT_EQ(step.outcome->reason, "app.service failed");
  EXPECT_EQ(step.outcome->verdict, Verdict::kQuarantine);
  EXPECT_EQ(step.outcome->rollback->cause, RollbackCause::kActivation);
  EXPECT_EQ(step.outcome->rollback->to, "old");
}

TEST(LiveTest, ASwitchThatNeverBeganIsNoRollback) {
  const Step step =
      Take(Activating{LiveTrial()}, ActivateFailed{{ErrorCode::kRefused, "nixos-rebuild runs"}});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_EQ(step.outcome->end, Outcome::End::kFailed);
  EXPECT_EQ(step.outcome->verdict, Verdict::kNone);
}

TEST(LiveTest, AnAgentThatTheSwitchRestartedTakesItUp) {
  const Step step = Take(Activating{LiveTrial()}, Started{Runs("new", kFirstBoot)});
  EXPECT_EQ(step.next, UpdateState(Activating{LiveTrial()}));
  EXPECT_NE(ActionOf<Activate>(step), nullptr);
}

TEST(LiveTest, APowerCutDuringTheSwitchOrTheTrialIsAStrike) {
  for (const UpdateState& state :
       {UpdateState(Activating{LiveTrial()}), UpdateState(Trying{RunningTrial()})}) {
    const Step step = Take(state, Started{Runs("old", kSecondBoot)});
    ASSERT_TRUE(step.outcome) << StateName(state);
    EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
    EXPECT_EQ(step.outcome->verdict, Verdict::kStrike);
    EXPECT_THAT(step.outcome->reason, HasSubstr("restarted while new was on trial"));
    ASSERT_NE(ActionOf<Discard>(step), nullptr);
    EXPECT_EQ(ActionOf<Discard>(step)->target, "new");
  }
}

TEST(LiveTest, AnAgentThatRestartedMeanwhileGoesOnWithTheTrial) {
  const Step step = Take(Trying{RunningTrial()}, Started{Runs("new", kFirstBoot)});
  EXPECT_EQ(step.next, UpdateState(Trying{RunningTrial()}));
  EXPECT_NE(ActionOf<CheckHealth>(step), nullptr);
}

TEST(LiveTest, AnAgentThatTheWayBackRestartedTakesItUp) {
  const RollingBack back{RunningTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  for (const char* running : {"old", "new"}) {
    const Step step = Take(back, Started{Runs(running, kFirstBoot)});
    EXPECT_NE(ActionOf<Revert>(step), nullptr) << running;
  }
}

TEST(LiveTest, ARebootIsRefusedDuringTheTrial) {
  const Result<Step> refused = Transition(Trying{RunningTrial()}, RebootRequested{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
}

TEST(LiveTest, WhereItCannotGoBackWithoutARebootItReboots) {
  const RollingBack back{RunningTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  const Step step = Take(back, RevertSucceeded{});
  EXPECT_EQ(step.next, UpdateState(back));
  EXPECT_NE(ActionOf<Reboot>(step), nullptr);
}

TEST(GoldenTest, WhatWasGoneBackToIsOnTrialItself) {
  RollingBack back{RunningTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  Step step = Take(back, RevertSucceeded{.runs = "old", .golden = "good"});
  ASSERT_TRUE(step.outcome);
  EXPECT_EQ(step.outcome->end, Outcome::End::kRolledBack);
  const auto* trying = std::get_if<Trying>(&step.next);
  ASSERT_NE(trying, nullptr);
  EXPECT_EQ(trying->trial.image.target, "old");
  EXPECT_EQ(trying->trial.previous, "good");

  step = Take(step.next, HealthFailed{"api: refused"});
  ASSERT_NE(ActionOf<Revert>(step), nullptr);
  EXPECT_EQ(ActionOf<Revert>(step)->previous, "good");
  step = Take(step.next, RevertSucceeded{.runs = "good", .golden = "good"});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
}

TEST(GoldenTest, ItIsAfterARebootAsWell) {
  Trial trial = LiveTrial();
  trial.image.live = false;
  trial.last_boot_id = kSecondBoot;
  const RollingBack back{trial, RollbackKind::kAutomatic, "api: refused", ""};
  const Step step = Take(back, Started{Runs("old", kThirdBoot)});
  const auto* trying = std::get_if<Trying>(&step.next);
  ASSERT_NE(trying, nullptr);
  EXPECT_EQ(trying->trial.previous, "good");
  EXPECT_EQ(trying->trial.activated_boot_id, kThirdBoot);
}

// What was gone back to is confirmed from before, so that says nothing of its checks.
TEST(GoldenTest, ARestartDuringThatTrialGoesOnWithIt) {
  const RollingBack back{RunningTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  UpdateState state = Take(back, RevertSucceeded{.runs = "old", .golden = "good"}).next;
  Step step;
  for (const char* boot : {kSecondBoot, kThirdBoot}) {
    step = Take(state, Started{Runs("old", boot)});
    EXPECT_FALSE(step.outcome);
    ASSERT_NE(ActionOf<CheckHealth>(step), nullptr) << boot;
    state = step.next;
  }
  // They may be what ends the machine.
  step = Take(state, Started{Runs("old", "boot-4")});
  ASSERT_NE(ActionOf<Revert>(step), nullptr);
  EXPECT_EQ(ActionOf<Revert>(step)->previous, "good");
  step = Take(step.next, RevertSucceeded{.runs = "good", .golden = "good"});
  ASSERT_TRUE(step.outcome);
  EXPECT_THAT(step.outcome->reason, HasSubstr("restarted 3 times"));
}

TEST(GoldenTest, WhereTheGoldenSystemIsGoneNoRestartLeadsToIt) {
  const RollingBack back{RunningTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  Step step = Take(back, RevertSucceeded{.runs = "old", .golden = "good"});
  step = Take(step.next, HealthFailed{"api: refused"});
  step = Take(step.next, RevertFailed{Error{ErrorCode::kNotFound, "gone"}});
  ASSERT_TRUE(std::holds_alternative<Trying>(step.next));
  for (const char* boot : {kSecondBoot, kThirdBoot, "boot-4", "boot-5"}) {
    step = Take(step.next, Started{Runs("old", boot)});
    EXPECT_EQ(ActionOf<Revert>(step), nullptr) << boot;
  }
}

TEST(GoldenTest, AConfirmationOfWhichTheNoteWasLostEndsIt) {
  const RollingBack back{RunningTrial(), RollbackKind::kAutomatic, "api: refused", ""};
  Step step = Take(back, RevertSucceeded{.runs = "old", .golden = "good"});
  step = Take(step.next, HealthPassed{});
  ASSERT_TRUE(std::holds_alternative<Confirming>(step.next));
  step = Take(step.next, Started{Runs("old", kThirdBoot)});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
}

TEST(GoldenTest, NoneIsNeededWhereAPersonAskedOrItRunsAlready) {
  RollingBack back{RunningTrial(), RollbackKind::kManual, "slow", "alice"};
  EXPECT_EQ(Take(back, RevertSucceeded{.runs = "old", .golden = "good"}).next, UpdateState(Idle{}));
  back.kind = RollbackKind::kAutomatic;
  EXPECT_EQ(Take(back, RevertSucceeded{.runs = "good", .golden = "good"}).next,
            UpdateState(Idle{}));
}

TEST(ModeTest, BuildingIsAllThatBuildDoes) {
  Order order = MakeOrder();
  order.mode = Mode::kBuild;
  const Step step = Take(Staging{order}, StageSucceeded{LiveImage()});
  EXPECT_EQ(step.next, UpdateState(Idle{}));
  EXPECT_EQ(step.outcome->end, Outcome::End::kCompleted);
  EXPECT_FALSE(step.outcome->stays);
}

TEST(ModeTest, OneThatTakesARebootWaitsWhereNoneIsAllowed) {
  Order order = MakeOrder();
  order.sha256.clear();
  order.allow_reboot = false;
  Step step = Take(Staging{order}, StageSucceeded{LiveImage()});
  EXPECT_NE(ActionOf<AwaitActivation>(step), nullptr) << "it takes none";

  StagedImage image = LiveImage();
  image.live = false;
  image.reboot_reasons = {"kernel"};
  step = Take(Staging{order}, StageSucceeded{image});
  ASSERT_TRUE(std::holds_alternative<Staged>(step.next));
  EXPECT_FALSE(step.action);
  step = Take(step.next, ActivateRequested{});
  EXPECT_NE(ActionOf<AwaitActivation>(step), nullptr);
}

TEST(WayBackTest, IsTheConfirmedOneThatCountsMost) {
  Facts facts = Runs("new", kFirstBoot);
  EXPECT_EQ(facts.WayBack()->name, "old");
  facts.targets[2].priority = 3;
  EXPECT_EQ(facts.WayBack()->name, "good");
  facts.targets[2].bootable = false;
  EXPECT_EQ(facts.WayBack()->name, "old");
}

}  // namespace
}  // namespace matic::update
