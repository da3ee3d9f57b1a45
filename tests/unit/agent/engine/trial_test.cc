// Updates from the order to their end, over the reboots in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using boot::Slot;
using fakes::FakeBackend;
using Verb = FakeBackend::Verb;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const boot::SlotAttributes kConfirmed{boot::kActivatedPriority, 0, true};
const boot::SlotAttributes kWayBack{boot::kRunningPriority, 0, true};

class TrialTest : public testing::Test {
 protected:
  bool IsQuarantined(const std::string& digest = std::string(64, '2')) {
    std::string reason;
    return machine_.ledger().IsQuarantined(digest, &reason);
  }
  std::vector<RollbackRecord> Rollbacks() { return *machine_.engine().GetRollbackHistory(10); }

  Machine machine_;
};

TEST_F(TrialTest, AnUpdateSucceeds) {
  machine_.StartAgent();
  machine_.AwaitGoodBoot();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  EXPECT_EQ(machine_.Get(id).phase, Phase::kRebooting);
  EXPECT_EQ(machine_.Get(id).version, "2.0");
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, (boot::SlotAttributes{2, 3, false}));

  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
  EXPECT_THAT(machine_.Get(id).reason, IsEmpty());
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, kConfirmed);
  EXPECT_EQ(machine_.backend.slot(Slot::kA).attributes, kWayBack);
  EXPECT_THAT(Rollbacks(), IsEmpty());

  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
}

TEST_F(TrialTest, UpdatesGoBackAndForthBetweenTheSlots) {
  machine_.StartAgent();
  for (int i = 0; i < 6; ++i) {
    machine_.AwaitGoodBoot();
    ScheduleRequest request = machine_.Request();
    request.sha256 = std::string(64, static_cast<char>('3' + i));
    const std::string id = machine_.Schedule(request);
    machine_.AwaitRebootAsked();
    machine_.Reboot();
    machine_.AwaitSchedule(id, ScheduleState::kCompleted);
    EXPECT_EQ(machine_.backend.slot(machine_.backend.running()).digest, request.sha256);
    EXPECT_LE(machine_.backend.slot(machine_.backend.running()).attributes.priority, 2);
  }
}

TEST_F(TrialTest, AFailedCriticalCheckGoesBackAndQuarantines) {
  machine_.SetCheck("api", "2.0", Found::kFail);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitRebootAsked();
  EXPECT_EQ(machine_.Get(id).phase, Phase::kRollingBack);
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kInProgress) << "not before slot-a runs";

  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  EXPECT_EQ(machine_.Get(id).reason, "health check failed: api: refused");
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  EXPECT_TRUE(IsQuarantined());
  ASSERT_THAT(Rollbacks(), SizeIs(1));
  EXPECT_EQ(Rollbacks()[0].kind, RollbackKind::kAutomatic);
  EXPECT_EQ(Rollbacks()[0].from, "slot-b");
  EXPECT_EQ(Rollbacks()[0].to, "slot-a");
  EXPECT_EQ(Rollbacks()[0].schedule_id, id);
}

TEST_F(TrialTest, ACheckThatIsNotCriticalOnlyDegrades) {
  machine_.SetCheck("network", "2.0", Found::kFail);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
  EXPECT_EQ(machine_.engine().GetHealth(false, {})->State(), health::HealthState::kDegraded);
}

TEST_F(TrialTest, WhatFailedBeforeIsNotHeldAgainstTheImage) {
  machine_.SetCheck("service", "1.0", Found::kFail);
  machine_.SetCheck("service", "2.0", Found::kFail);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, kConfirmed);
}

TEST_F(TrialTest, AnotherCheckThanTheOneThatFailedBeforeIs) {
  machine_.SetCheck("service", "1.0", Found::kFail);
  machine_.SetCheck("api", "2.0", Found::kFail);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitSchedule(id, ScheduleState::kRolledBack);
  EXPECT_TRUE(IsQuarantined());
}

TEST_F(TrialTest, WithoutAutomaticRollbackItStaysAndSaysSo) {
  machine_.SetCheck("api", "2.0", Found::kFail);
  machine_.StartAgent();
  machine_.AwaitGoodBoot();
  ScheduleRequest request = machine_.Request();
  request.enable_auto_rollback = false;
  const std::string id = machine_.Schedule(request);
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kFailed);
  EXPECT_EQ(machine_.Get(id).reason, "running, unhealthy: health check failed: api: refused");
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, kConfirmed);
  EXPECT_FALSE(IsQuarantined());
}

TEST_F(TrialTest, TriesUsedUpAreAStrikeAndTwoStrikesQuarantine) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  machine_.StartAgent();
  for (int strike = 1; strike <= 2; ++strike) {
    machine_.AwaitGoodBoot();
    const std::string id = machine_.Schedule(machine_.Request());
    machine_.AwaitRebootAsked();
    for (int start = 1; start <= 3; ++start) {
      machine_.Reboot();  // the power goes during each trial
      machine_.AwaitTrial();
      EXPECT_EQ(machine_.engine().GetStatus()->boot_counter, static_cast<uint32_t>(start));
      EXPECT_EQ(machine_.engine().GetStatus()->trial_target, "slot-b");
    }
    machine_.Reboot();
    machine_.AwaitGoodBoot();
    EXPECT_EQ(machine_.backend.running(), Slot::kA);
    EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
    EXPECT_THAT(machine_.Get(id).reason, HasSubstr("boot attempts used up"));
    EXPECT_EQ(IsQuarantined(), strike == 2);
  }
  EXPECT_THAT(Rollbacks(), SizeIs(2));
}

TEST_F(TrialTest, AnImageWhoseKernelCannotBeStartedIsQuarantined) {
  machine_.backend.Offer(machine_.Request().source, "2.0", /*loads=*/false);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("the boot selector refused slot-b"));
  EXPECT_TRUE(IsQuarantined());
}

TEST_F(TrialTest, APowerCutDuringATrialIsNoFailureWhileTriesRemain) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitTrial();
  machine_.Reboot();
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
  EXPECT_FALSE(IsQuarantined());
  EXPECT_THAT(machine_.ledger().State().quarantine, IsEmpty());
}

TEST_F(TrialTest, ARebootOnTrialGivesItsTryBackThreeTimes) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  machine_.UpdateUpToTrial();
  for (int reboot = 1; reboot <= 5; ++reboot) {
    machine_.AwaitTrial();
    EXPECT_EQ(*machine_.engine().Reboot("maintenance", machine_.alice), reboot <= 3);
    machine_.AwaitRebootAsked();
    machine_.Reboot();
  }
  // Six starts in all, of which three cost a try.
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, (boot::SlotAttributes{2, 0, false}));
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, kConfirmed);
}

TEST_F(TrialTest, TheLostStateOfATrialIsMadeUpFromTheDisk) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitTrial();
  machine_.PowerCut({});
  machine_.AwaitTrial();
  EXPECT_EQ(machine_.engine().GetStatus()->trial_target, "slot-b");
  EXPECT_FALSE(machine_.engine().GetSchedule(id)) << "nobody remembers it";
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, kConfirmed);
}

TEST_F(TrialTest, AnAdoptedTrialGoesBackToo) {
  machine_.SetCheck("api", "2.0", Found::kFail);
  machine_.backend.SetSlot(Slot::kB, {{2, 3, false}, "2.0", "", true});
  machine_.Reboot();
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  ASSERT_THAT(Rollbacks(), SizeIs(1));
  EXPECT_THAT(Rollbacks()[0].schedule_id, IsEmpty());
}

TEST_F(TrialTest, TheLastResortIsConfirmedBeforeAnythingIsStaged) {
  machine_.SetCheck("api", "1.0", Found::kFail);
  machine_.backend.SetSlot(Slot::kA, {boot::kUnbootable, "1.0", "", true});
  machine_.Reboot();
  machine_.AwaitTrial();
  const Result<Schedule> refused =
      machine_.engine().ScheduleUpdate(machine_.Request(), machine_.alice);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  // It has nowhere to go, and is asked until it is well.
  machine_.SetCheck("api", "1.0", Found::kPass);
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.slot(Slot::kA).attributes, kWayBack);
  machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
}

TEST_F(TrialTest, RollbackByHandDuringATrial) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitTrial();
  const Result<Rollback> rollback =
      machine_.engine().TriggerRollback({.reason = "it feels slow"}, machine_.alice);
  ASSERT_TRUE(rollback);
  EXPECT_EQ(rollback->to, "slot-a");
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  EXPECT_EQ(machine_.Get(id).reason, "it feels slow");
  EXPECT_FALSE(IsQuarantined());
  ASSERT_THAT(Rollbacks(), SizeIs(1));
  EXPECT_EQ(Rollbacks()[0].kind, RollbackKind::kManual);
  EXPECT_EQ(Rollbacks()[0].requested_by, "admin alice");
}

TEST_F(TrialTest, RollbackByHandOfAConfirmedSystemAndForthAgain) {
  machine_.UpdateUpToTrial();
  machine_.AwaitGoodBoot();
  for (Slot to : {Slot::kA, Slot::kB}) {
    ASSERT_TRUE(machine_.engine().TriggerRollback({}, machine_.alice));
    machine_.AwaitRebootAsked();
    machine_.Reboot();
    machine_.AwaitGoodBoot();
    EXPECT_EQ(machine_.backend.running(), to);
    EXPECT_EQ(machine_.backend.slot(boot::OtherSlot(to)).attributes, kWayBack);
  }
  EXPECT_THAT(Rollbacks(), SizeIs(2));
  EXPECT_FALSE(IsQuarantined());
}

TEST_F(TrialTest, ARollbackToWhatCannotBeStartedEnds) {
  machine_.UpdateUpToTrial();
  machine_.AwaitGoodBoot();
  FakeBackend::FakeSlot damaged = machine_.backend.slot(Slot::kA);
  damaged.loads = false;
  machine_.backend.SetSlot(Slot::kA, damaged);
  ASSERT_TRUE(machine_.engine().TriggerRollback({}, machine_.alice));
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
  EXPECT_EQ(machine_.backend.slot(Slot::kA).attributes, boot::kUnbootable);
  EXPECT_THAT(Rollbacks(), IsEmpty());
}

TEST_F(TrialTest, AFailedTrialWhoseWayBackIsDamagedDoesNotRebootForEver) {
  machine_.SetCheck("api", "2.0", Found::kFail);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitRebootAsked();
  FakeBackend::FakeSlot damaged = machine_.backend.slot(Slot::kA);
  damaged.loads = false;
  machine_.backend.SetSlot(Slot::kA, damaged);
  machine_.Reboot();
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("could not be rolled back"));
  EXPECT_TRUE(IsQuarantined());
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, (boot::SlotAttributes{1, 0, true}));
}

TEST_F(TrialTest, ConfirmAndRevertAreTriedAgain) {
  machine_.backend.Fail(Verb::kConfirm, {ErrorCode::kIo, "write the table: Input/output error"}, 3);
  std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
  EXPECT_EQ(machine_.backend.calls(Verb::kConfirm), 4);
  EXPECT_THAT(machine_.ledger().Problems(), Contains(HasSubstr("Input/output error")));

  machine_.SetCheck("api", "3.0", Found::kFail);
  ScheduleRequest request = machine_.Request();
  request.source = "https://example.com/3.0.squashfs";
  request.sha256 = std::string(64, '3');
  machine_.backend.Offer(request.source, "3.0", true);
  machine_.AwaitGoodBoot();
  id = machine_.Schedule(request);
  machine_.AwaitRebootAsked();
  machine_.backend.Fail(Verb::kRevert, {ErrorCode::kIo, "write the table: Input/output error"}, 3);
  machine_.Reboot();
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitSchedule(id, ScheduleState::kRolledBack);
  EXPECT_EQ(machine_.backend.calls(Verb::kRevert), 4);
}

TEST_F(TrialTest, WhileAConfirmationFailsTheAgentStillListens) {
  machine_.worker_options.retry_pause = std::chrono::hours(1);
  machine_.SetCheck("api", "2.0", Found::kHang);
  machine_.UpdateUpToTrial();
  machine_.AwaitTrial();
  machine_.backend.Fail(Verb::kConfirm, {ErrorCode::kIo, "Input/output error"}, 2);
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitState<update::Confirming>();
  ASSERT_TRUE(machine_.engine().TriggerRollback({.reason = "enough"}, machine_.alice));
  machine_.AwaitRebootAsked();
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
}

TEST_F(TrialTest, ARefusedEventDoesNotEndATrial) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitTrial();
  machine_.worker().Post(update::ActivateRequested{});
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
}

TEST_F(TrialTest, AFullStateFolderUndoesNoGoodUpdate) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  machine_.UpdateUpToTrial();
  machine_.AwaitTrial();
  for (const char* file : {kStateFile, kScheduleFile}) machine_.folder.Block(file);
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, kConfirmed);
  EXPECT_THAT(machine_.ledger().Problems(), Contains(HasSubstr("the state cannot be kept")));

  // The note of it is lost; what the disk says is not.
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
}

TEST_F(TrialTest, AFullStateFolderDoesNotKeepABadUpdate) {
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.UpdateUpToTrial();
  machine_.AwaitTrial();
  machine_.folder.Block(kStateFile);
  machine_.SetCheck("api", "2.0", Found::kFail);
  machine_.AwaitRebootAsked();
  machine_.StopAgent();
  machine_.folder.Unblock(kStateFile);
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  EXPECT_TRUE(IsQuarantined());
}

TEST_F(TrialTest, ARebootThatDoesNotComeIsAskedForAgain) {
  machine_.worker_options.reboot_patience = std::chrono::seconds(0);
  machine_.StartAgent();
  machine_.AwaitGoodBoot();
  machine_.Schedule(machine_.Request());
  machine_.Await([&] { return machine_.processes.runs().size() >= 4; });
}

TEST_F(TrialTest, ACancelledUpdateIsNotRebootedFor) {
  machine_.worker_options.reboot_patience = std::chrono::seconds(0);
  machine_.StartAgent();
  machine_.AwaitGoodBoot();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  ASSERT_TRUE(machine_.engine().CancelSchedule(id, "", machine_.alice));
  machine_.AwaitSchedule(id, ScheduleState::kCancelled);
  const auto runs = [&] { return machine_.processes.runs().size(); };
  machine_.Await([&] { return machine_.processes.runs().back().front() == "good-boot"; });
  const size_t before = runs();
  ASSERT_FALSE(machine_.engine().CancelSchedule("sched-20260127-999", "", machine_.alice));
  EXPECT_EQ(runs(), before);
}

}  // namespace
}  // namespace matic::engine
