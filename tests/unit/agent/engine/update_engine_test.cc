// What callers may ask for, when, and what they are told.
#include "agent/engine/update_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/engine/machine.h"
#include "tests/unit/agent/update/cases.h"

namespace matic::engine {
namespace {

using boot::Slot;
using Verb = fakes::FakeBackend::Verb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class UpdateEngineTest : public testing::Test {
 protected:
  UpdateEngineTest() {
    machine_.StartAgent();
    machine_.AwaitGoodBoot();
  }

  Engine& engine() { return machine_.engine(); }
  const Caller& alice() { return machine_.alice; }

  std::string Refusal(const ScheduleRequest& request) {
    Result<Schedule> schedule = engine().ScheduleUpdate(request, alice());
    EXPECT_FALSE(schedule);
    return schedule
               ? ""
               : std::string(CodeName(schedule.error().code)) + ": " + schedule.error().message;
  }

  // An update that is fetching.
  std::string HeldInStaging() {
    machine_.backend.Hold(Verb::kStage);
    const std::string id = machine_.Schedule(machine_.Request());
    machine_.backend.AwaitHeld(Verb::kStage);
    return id;
  }

  Schedule Cancel(const std::string& id) {
    Result<Schedule> schedule = engine().CancelSchedule(id, "wrong image", alice());
    EXPECT_TRUE(schedule) << schedule.error().message;
    return schedule ? *schedule : Schedule{};
  }

  void ExpectNothingRemains(const std::string& id) {
    EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCancelled);
    EXPECT_EQ(machine_.Get(id).reason, "cancelled by admin alice: wrong image");
    EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
    EXPECT_THAT(machine_.ledger().State().quarantine, IsEmpty());
  }

  Machine machine_;
};

TEST_F(UpdateEngineTest, ASecondUpdateIsRefusedWhileOneRuns) {
  const std::string id = HeldInStaging();
  EXPECT_THAT(Refusal(machine_.Request()), HasSubstr("refused: " + id + " is staging"));
  machine_.backend.Release(Verb::kStage);
  machine_.AwaitRebootAsked();
  EXPECT_THAT(Refusal(machine_.Request()), HasSubstr("refused: " + id + " is activated"));
  EXPECT_EQ(engine().ListSchedules(10).size(), 1u);
}

TEST_F(UpdateEngineTest, TheSameRequestIsTheSameSchedule) {
  ScheduleRequest request = machine_.Request();
  request.request_id = "r1";
  const std::string id = machine_.Schedule(request);
  EXPECT_EQ(machine_.Schedule(request), id);
  machine_.RunToRest();
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
  EXPECT_EQ(machine_.Schedule(request), id) << "ended as it has, and over a reboot";
  EXPECT_THAT(engine().ListSchedules(10), SizeIs(1));
}

TEST_F(UpdateEngineTest, AQuarantinedImageIsRefusedUnlessForced) {
  machine_.SetCheck("api", "2.0", Found::kFail);
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  ASSERT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  EXPECT_THAT(engine().GetStatus()->quarantined, ElementsAre(std::string(64, '2')));

  const std::string refusal = Refusal(machine_.Request());
  EXPECT_THAT(refusal, HasSubstr("refused"));
  EXPECT_THAT(refusal, HasSubstr("quarantined"));
  EXPECT_THAT(refusal, HasSubstr("api: refused"));
  EXPECT_THAT(refusal, HasSubstr("--force quarantine"));

  machine_.SetCheck("api", "2.0", Found::kPass);
  ScheduleRequest forced = machine_.Request();
  forced.force = {"quarantine"};
  const std::string again = machine_.Schedule(forced);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(again).state, ScheduleState::kCompleted);
}

TEST_F(UpdateEngineTest, ASourceThatCannotBeTakenIsSaidAtOnce) {
  ScheduleRequest request = machine_.Request();
  request.source = "gopher://example.com/2.0";
  EXPECT_THAT(Refusal(request), HasSubstr("invalid-argument: unknown scheme"));
  EXPECT_THAT(engine().ListSchedules(10), IsEmpty());
}

TEST_F(UpdateEngineTest, ADiskThatCannotBeReadIsSaidToBeTheObstacle) {
  const Error error{ErrorCode::kNotFound, "/dev/vda: the disk has no GUID partition table"};
  machine_.backend.Fail(Verb::kGetFacts, error, 2);
  EXPECT_THAT(Refusal(machine_.Request()),
              HasSubstr("refused: this machine cannot be updated: " + error.message));
  EXPECT_EQ(engine().TriggerRollback({}, alice()).error().code, ErrorCode::kRefused);
  EXPECT_THAT(engine().ListSchedules(10), IsEmpty());
  machine_.Schedule(machine_.Request());
  machine_.RunToRest();
}

TEST_F(UpdateEngineTest, AFailedStageIsTheSchedulesEnd) {
  machine_.backend.Fail(Verb::kStage, {ErrorCode::kCorrupt, "stage slot-b: SHA-256 differs"});
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_EQ(machine_.Get(id).reason, "stage slot-b: SHA-256 differs");
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  EXPECT_THAT(machine_.ledger().State().quarantine, IsEmpty());
  machine_.RunToRest();
  machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
}

TEST_F(UpdateEngineTest, AFailedActivationLeavesTheOldSystem) {
  machine_.backend.Fail(Verb::kActivate, {ErrorCode::kIo, "write the table: Input/output error"});
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("Input/output error"));
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
}

TEST_F(UpdateEngineTest, CancelWhileStaging) {
  const std::string id = HeldInStaging();
  EXPECT_EQ(Cancel(id).state, ScheduleState::kCancelled);
  ExpectNothingRemains(id);
  EXPECT_EQ(Cancel(id).state, ScheduleState::kCancelled) << "asked for twice";
  machine_.backend.Release(Verb::kStage);
  machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
}

TEST_F(UpdateEngineTest, CancelWhenStaged) {
  ScheduleRequest request = machine_.Request();
  request.stop_after = StopAfter::kStaged;
  const std::string id = machine_.Schedule(request);
  machine_.AwaitPhase(id, Phase::kStaged);
  EXPECT_EQ(Cancel(id).state, ScheduleState::kCancelled);
  ExpectNothingRemains(id);
}

TEST_F(UpdateEngineTest, CancelWhileTheRunningSystemIsChecked) {
  machine_.SetCheck("api", "1.0", Found::kHang);
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitPhase(id, Phase::kChecking);
  EXPECT_EQ(Cancel(id).state, ScheduleState::kCancelled);
  ExpectNothingRemains(id);
}

TEST_F(UpdateEngineTest, OnlyACancellationCancelsWhatIsStaged) {
  machine_.backend.Hold(Verb::kStage);
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.backend.AwaitHeld(Verb::kStage);
  machine_.worker().Post(update::RebootRequested{});
  machine_.worker().Post(update::CancelRequested{"", "alice", "sched-of-before"});
  machine_.backend.Release(Verb::kStage);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted) << machine_.Get(id).reason;
}

TEST_F(UpdateEngineTest, ARebootThatWouldNotComeIsNotPromised) {
  machine_.backend.Hold(Verb::kStage);
  machine_.Schedule(machine_.Request());
  machine_.backend.AwaitHeld(Verb::kStage);
  const Result<bool> reboot = machine_.engine().Reboot("", machine_.alice);
  ASSERT_FALSE(reboot);
  EXPECT_EQ(reboot.error().code, ErrorCode::kRefused);
  EXPECT_THAT(reboot.error().message, HasSubstr("staging"));
  machine_.backend.Release(Verb::kStage);
}

TEST_F(UpdateEngineTest, CancelWhileActivatingSavesTheReboot) {
  machine_.backend.Hold(Verb::kActivate);
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.backend.AwaitHeld(Verb::kActivate);
  machine_.worker().Post(update::CancelRequested{"wrong image", "admin alice"});
  machine_.backend.Release(Verb::kActivate);
  machine_.AwaitSchedule(id, ScheduleState::kCancelled);
  machine_.RunToRest();
  ExpectNothingRemains(id);
  for (const std::vector<std::string>& argv : machine_.processes.runs()) {
    EXPECT_NE(argv.front(), "reboot");
  }
}

TEST_F(UpdateEngineTest, CancelWhenActivatedTakesTheNextBootBack) {
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.AwaitPhase(id, Phase::kRebooting);
  EXPECT_EQ(Cancel(id).state, ScheduleState::kCancelled);
  ExpectNothingRemains(id);
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  ExpectNothingRemains(id);
}

TEST_F(UpdateEngineTest, WhatMayNotRebootSaysThatItStopsAtStaged) {
  ScheduleRequest request = machine_.Request();
  request.no_reboot = true;
  const std::string id = machine_.Schedule(request);
  machine_.AwaitPhase(id, Phase::kStaged);
  machine_.Await([&] { return machine_.Get(id).request.stop_after == StopAfter::kStaged; });
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("waits to be activated"));
}

TEST_F(UpdateEngineTest, CancelOnTrialIsTheWayBack) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitTrial();
  EXPECT_EQ(Cancel(id).phase, Phase::kRollingBack);
  EXPECT_EQ(Cancel(id).phase, Phase::kRollingBack) << "asked for twice";
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  ExpectNothingRemains(id);
  ASSERT_THAT(*engine().GetRollbackHistory(10), SizeIs(1));
  EXPECT_EQ((*engine().GetRollbackHistory(10))[0].kind, RollbackKind::kManual);
}

TEST_F(UpdateEngineTest, CancelOfWhatHasEndedOrNeverWas) {
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.RunToRest();
  const Result<Schedule> ended = engine().CancelSchedule(id, "", alice());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kRefused);
  EXPECT_THAT(ended.error().message, HasSubstr("has ended already"));
  EXPECT_EQ(engine().CancelSchedule("sched-1", "", alice()).error().code, ErrorCode::kNotFound);
}

TEST_F(UpdateEngineTest, StageFirstAndActivateLater) {
  ScheduleRequest request = machine_.Request();
  request.stop_after = StopAfter::kStaged;
  const std::string id = machine_.Schedule(request);
  machine_.AwaitPhase(id, Phase::kStaged);
  EXPECT_THAT(engine().GetStatus()->waiting_for, HasSubstr("waits to be activated"));
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  EXPECT_THAT(Refusal(machine_.Request()), HasSubstr(id + " is staged"));

  // It waits over restarts and reboots.
  machine_.Reboot();
  machine_.AwaitPhase(id, Phase::kStaged);
  ASSERT_TRUE(engine().ActivateUpdate(id, "", alice()));
  machine_.AwaitRebootAsked();
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
  EXPECT_FALSE(engine().ActivateUpdate(id, "", alice()));
}

TEST_F(UpdateEngineTest, NothingIsStagedWithoutAStateFolder) {
  machine_.folder.Block(kScheduleFile);
  EXPECT_THAT(Refusal(machine_.Request()), HasSubstr(kScheduleFile));
  machine_.folder.Unblock(kScheduleFile);

  machine_.folder.Block(kStateFile);
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("the state cannot be kept"));
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr(kStateFile));
  EXPECT_EQ(machine_.backend.calls(Verb::kStage), 0);
  EXPECT_THAT(engine().GetStatus()->problems, Contains(HasSubstr(kStateFile)));

  machine_.folder.Unblock(kStateFile);
  const std::string next = machine_.Schedule(machine_.Request());
  machine_.RunToRest();
  machine_.AwaitSchedule(next, ScheduleState::kCompleted);
}

TEST_F(UpdateEngineTest, NothingIsActivatedWithoutAStateFolder) {
  const std::string id = HeldInStaging();
  machine_.folder.Block(kStateFile);
  machine_.backend.Release(Verb::kStage);
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_EQ(machine_.backend.calls(Verb::kActivate), 0);
  machine_.Reboot();
  machine_.Await([&] { return machine_.backend.running() == Slot::kA; });
}

TEST_F(UpdateEngineTest, AScheduleThatIsRefusedLateEnds) {
  machine_.backend.SetSlot(Slot::kB, {{1, 0, true}, "0.9", "", true});
  machine_.backend.Hold(Verb::kRevert);
  ASSERT_TRUE(engine().TriggerRollback({}, alice()));
  machine_.backend.AwaitHeld(Verb::kRevert);
  // As when both are asked for at once.
  bool created = false;
  const Result<Schedule> schedule =
      machine_.ledger().AddSchedule(machine_.Request(), alice(), &created);
  ASSERT_TRUE(schedule);
  update::Order order = update::MakeOrder();
  order.schedule_id = schedule->id;
  machine_.worker().Post(update::StageRequested{order});
  machine_.backend.Release(Verb::kRevert);
  machine_.AwaitSchedule(schedule->id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(schedule->id).reason, HasSubstr("another update is not possible"));
}

TEST_F(UpdateEngineTest, RollbackNeedsSomewhereToGo) {
  const Result<Rollback> refused = engine().TriggerRollback({}, alice());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("no system to go back to"));
}

TEST_F(UpdateEngineTest, RollbackWhileStagingIsACancelInstead) {
  HeldInStaging();
  const Result<Rollback> refused = engine().TriggerRollback({}, alice());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("cancel it instead"));
  machine_.backend.Release(Verb::kStage);
  machine_.AwaitRebootAsked();
}

TEST_F(UpdateEngineTest, RebootIsRefusedWhileStagingAndTakenAtRest) {
  HeldInStaging();
  EXPECT_EQ(engine().Reboot("", alice()).error().code, ErrorCode::kRefused);
  machine_.backend.Release(Verb::kStage);
  machine_.RunToRest();
  EXPECT_FALSE(*engine().Reboot("", alice())) << "no try to give back";
  machine_.AwaitRebootAsked();
}

TEST_F(UpdateEngineTest, StatusTellsSlotsAndWhatIsUnderWay) {
  const std::string id = HeldInStaging();
  Result<Status> status = engine().GetStatus();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->node_name, "node");
  EXPECT_EQ(status->backend, "ab");
  EXPECT_EQ(status->schedule_id, id);
  EXPECT_EQ(status->phase, Phase::kFetching);
  EXPECT_THAT(status->trial_target, IsEmpty());
  ASSERT_THAT(status->facts.targets, SizeIs(2));
  EXPECT_TRUE(status->facts.targets[0].running);

  machine_.backend.Release(Verb::kStage);
  machine_.RunToRest();
  status = engine().GetStatus();
  EXPECT_THAT(status->schedule_id, IsEmpty());
  EXPECT_EQ(status->facts.Running()->name, "slot-b");
  EXPECT_EQ(status->facts.Running()->digest, std::string(64, '2'));
  EXPECT_TRUE(status->last_update_time);
}

TEST_F(UpdateEngineTest, StatusWithoutADiskTellsWhy) {
  machine_.backend.Fail(Verb::kGetFacts, {ErrorCode::kIo, "read /dev/vda: Input/output error"});
  const Result<Status> status = engine().GetStatus();
  ASSERT_TRUE(status);
  EXPECT_THAT(status->problems, Contains(HasSubstr("/dev/vda")));
  EXPECT_EQ(engine().GetStatus()->facts.targets.size(), 2u);
}

TEST_F(UpdateEngineTest, HealthIsFreshWhenAskedFor) {
  EXPECT_EQ(engine().GetHealth(false, {})->State(), health::HealthState::kHealthy);
  machine_.SetCheck("api", "1.0", Found::kFail);
  EXPECT_EQ(engine().GetHealth(false, {})->State(), health::HealthState::kHealthy)
      << "a minute old";
  const Result<health::Report> report = engine().GetHealth(true, {});
  EXPECT_EQ(report->State(), health::HealthState::kUnhealthy);
  EXPECT_EQ(report->CriticalFailure(), "api: refused");
  machine_.SetCheck("api", "1.0", Found::kPass);
  machine_.SetCheck("network", "1.0", Found::kFail);
  EXPECT_EQ(engine().GetHealth(true, {})->State(), health::HealthState::kDegraded);
}

TEST_F(UpdateEngineTest, HealthOfTheFutureIsOld) {
  health::Report before = *engine().GetHealth(true, {});
  before.last_updated += std::chrono::hours(24 * 365);  // the clock was set back since
  machine_.ledger().SetHealth(before);
  machine_.SetCheck("api", "1.0", Found::kFail);
  EXPECT_EQ(engine().GetHealth(false, {})->State(), health::HealthState::kUnhealthy);
}

}  // namespace
}  // namespace matic::engine
