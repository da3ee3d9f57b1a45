// An update is rolled back for what the system before fails as well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using boot::Slot;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CommonCauseTest : public testing::Test {
 protected:
  CommonCauseTest() { machine_.worker_options.cause_pause = std::chrono::milliseconds(5); }

  void SetCheck(Found found) {
    for (const char* version : {"1.0", "2.0"}) machine_.SetCheck("api", version, found);
  }
  // Something that both systems need is gone while 2.0 is on trial, and slot-a runs again.
  std::string RollBackForACommonCause() {
    const std::string id = machine_.Schedule(machine_.Request());
    machine_.AwaitRebootAsked();
    SetCheck(Found::kFail);
    machine_.Reboot();
    machine_.AwaitRebootAsked();
    machine_.Reboot();
    machine_.AwaitGoodBoot();
    return id;
  }
  std::string UpdateThatFindsACommonCause() {
    machine_.StartAgent();
    machine_.AwaitGoodBoot();
    return RollBackForACommonCause();
  }
  bool IsQuarantined() {
    std::string reason;
    return machine_.ledger().IsQuarantined(std::string(64, '2'), &reason);
  }
  std::vector<HistoryEvent> Events(const std::string& kind) {
    std::vector<HistoryEvent> events = *machine_.engine().GetHistory(100, std::nullopt);
    std::erase_if(events, [&](const HistoryEvent& event) { return event.kind != kind; });
    return events;
  }

  Machine machine_;
};

TEST_F(CommonCauseTest, TheMachineStaysWhereItIsAndSaysWhy) {
  const std::string id = UpdateThatFindsACommonCause();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  EXPECT_EQ(machine_.backend.slot(Slot::kA).attributes, (boot::SlotAttributes{2, 0, true}));
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  EXPECT_FALSE(IsQuarantined()) << "nothing speaks against the image";
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  EXPECT_THAT(machine_.Get(id).reason,
              HasSubstr("slot-a fails api as well, for which 2.0 was left"));

  const Status status = *machine_.engine().GetStatus();
  ASSERT_TRUE(status.common_cause);
  EXPECT_EQ(status.common_cause->runs, "slot-a");
  EXPECT_EQ(status.common_cause->schedule_id, id);
  EXPECT_EQ(status.common_cause->reason, "api: refused");
  EXPECT_THAT(status.common_cause->checks, ElementsAre("api"));
  EXPECT_THAT(status.problems, Contains(HasSubstr("the cause is not in the update")));
  ASSERT_THAT(Events("common-cause"), SizeIs(1));
  EXPECT_EQ(Events("common-cause")[0].version, "2.0");
  EXPECT_THAT(*machine_.engine().GetRollbackHistory(10), SizeIs(1)) << "once, and no further";
}

TEST_F(CommonCauseTest, WhatComesAfterARestartOfTheMachineIsTheSame) {
  UpdateThatFindsACommonCause();
  for (int start = 0; start < 3; ++start) {
    machine_.Reboot();
    machine_.AwaitGoodBoot();
    EXPECT_EQ(machine_.backend.running(), Slot::kA);
    EXPECT_TRUE(machine_.engine().GetStatus()->common_cause);
  }
  EXPECT_THAT(Events("common-cause"), SizeIs(1));
}

TEST_F(CommonCauseTest, ItEndsByItselfAndTheSameImageIsTaken) {
  UpdateThatFindsACommonCause();
  SetCheck(Found::kPass);
  machine_.Await([this] { return !machine_.engine().GetStatus()->common_cause; });
  EXPECT_THAT(machine_.engine().GetStatus()->problems, IsEmpty());
  ASSERT_THAT(Events("common-cause-ended"), SizeIs(1));
  EXPECT_EQ(Events("common-cause-ended")[0].summary, "api: passed again");

  const std::string again = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitSchedule(again, ScheduleState::kCompleted);
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
}

TEST_F(CommonCauseTest, AnUpdateIsTakenWhileItLasts) {
  UpdateThatFindsACommonCause();
  // It may be what mends it; what fails already is not held against it.
  const std::string again = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitSchedule(again, ScheduleState::kCompleted);
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
  EXPECT_FALSE(machine_.engine().GetStatus()->common_cause);
}

TEST_F(CommonCauseTest, TheSecondTimeQuarantines) {
  UpdateThatFindsACommonCause();
  SetCheck(Found::kPass);
  machine_.Await([this] { return !machine_.engine().GetStatus()->common_cause; });
  RollBackForACommonCause();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  EXPECT_TRUE(machine_.engine().GetStatus()->common_cause);
  EXPECT_TRUE(IsQuarantined()) << "what breaks the machine around it looks like this, too";
}

TEST_F(CommonCauseTest, WhatFailedHereByItselfBeforeIsNotAcquitted) {
  machine_.SetCheck("api", "2.0", Found::kFail);
  machine_.UpdateUpToTrial();
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_TRUE(IsQuarantined());
  EXPECT_FALSE(machine_.engine().GetStatus()->common_cause);

  ScheduleRequest forced = machine_.Request();
  forced.force = {std::string(kForceQuarantine)};
  machine_.Schedule(forced);
  machine_.AwaitRebootAsked();
  SetCheck(Found::kFail);
  machine_.Reboot();
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_TRUE(machine_.engine().GetStatus()->common_cause);
  EXPECT_TRUE(IsQuarantined());
}

TEST_F(CommonCauseTest, ACheckThatHangsThereHoldsUpNobody) {
  machine_.StartAgent();
  machine_.AwaitGoodBoot();
  machine_.SetCheck("api", "2.0", Found::kFail);
  machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.SetCheck("api", "1.0", Found::kHang);
  machine_.Reboot();
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitState<update::Rechecking>();
  EXPECT_TRUE(IsQuarantined()) << "until it is known better";
  EXPECT_THAT(*machine_.engine().GetRollbackHistory(10), SizeIs(1)) << "it is told already";

  ScheduleRequest other = machine_.Request();
  other.sha256 = std::string(64, '3');
  const std::string id = machine_.Schedule(other);
  machine_.SetCheck("api", "1.0", Found::kPass);
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
  EXPECT_EQ(machine_.backend.running(), Slot::kB);
}

TEST_F(CommonCauseTest, ItsEndIsSeenWithoutRoomForTheState) {
  UpdateThatFindsACommonCause();
  machine_.folder.Block(kStateFile);
  SetCheck(Found::kPass);
  machine_.Await([this] { return !machine_.engine().GetStatus()->common_cause; });
  EXPECT_THAT(machine_.engine().GetStatus()->problems,
              ElementsAre(HasSubstr("the state cannot be kept")));

  machine_.folder.Unblock(kStateFile);
  machine_.Reboot();
  machine_.Await([this] { return Events("common-cause-ended").size() == 2; });
  EXPECT_FALSE(machine_.engine().GetStatus()->common_cause);
}

}  // namespace
}  // namespace matic::engine
