// Whose turn it is to be down: when a slot is taken, how long it is held, and when it is given
// back.
#include "agent/engine/reboot_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;
using boot::Slot;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RebootSlotsTest : public testing::Test {
 protected:
  void Start() {
    machine_.StartAgent();
    machine_.AwaitGoodBoot();
  }

  void AwaitReason(const std::string& id, const std::string& part) {
    machine_.Await([&] { return machine_.Get(id).reason.find(part) != std::string::npos; });
  }
  void AwaitGivenBack() {
    machine_.Await([this] { return !machine_.slots.held(); });
  }

  Machine machine_;
};

TEST_F(RebootSlotsTest, ASlotIsHeldFromTheRebootToTheConfirmation) {
  Start();
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  EXPECT_THAT(machine_.slots.taken(), ElementsAre(Disturbance::kReboot));
  EXPECT_TRUE(machine_.slots.held());
  machine_.Reboot();
  machine_.AwaitTrial();
  EXPECT_TRUE(machine_.slots.held()) << "it is not known to be healthy";
  machine_.StopAgent();
  machine_.StartAgent();
  machine_.AwaitTrial();
  EXPECT_TRUE(machine_.slots.held());
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
  AwaitGivenBack();
  EXPECT_THAT(machine_.slots.taken(), testing::SizeIs(1));
}

TEST_F(RebootSlotsTest, ARollbackKeepsItUntilTheOldSystemRuns) {
  machine_.SetCheck("api", "2.0", Found::kFail);
  Start();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitRebootAsked();
  EXPECT_TRUE(machine_.slots.held()) << "it reboots once more";
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  AwaitGivenBack();
}

TEST_F(RebootSlotsTest, WhileOthersHaveItNothingIsActivated) {
  machine_.slots.SetTaken(true);
  Start();
  ScheduleRequest request = machine_.Request();
  request.timing.emergency = true;
  const std::string id = machine_.Schedule(request);
  AwaitReason(id, "a reboot slot: held by others");
  EXPECT_EQ(machine_.Get(id).phase, Phase::kStaged);
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  machine_.Reboot();
  AwaitReason(id, "a reboot slot: held by others");
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  machine_.slots.SetTaken(false);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
}

TEST_F(RebootSlotsTest, ItCanBePassedByByItsName) {
  machine_.slots.SetTaken(true);
  Start();
  ScheduleRequest request = machine_.Request();
  request.force = {"fleet-lock"};
  machine_.Schedule(request);
  machine_.AwaitRebootAsked();
  EXPECT_THAT(machine_.slots.taken(), IsEmpty());
}

TEST_F(RebootSlotsTest, WhoWaitsTooLongFails) {
  machine_.slots.SetTaken(true, 1s);
  Start();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason,
              testing::AllOf(HasSubstr("held by others"), HasSubstr("--force fleet-lock")));
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
}

TEST_F(RebootSlotsTest, CancellingGivesItBack) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.reboot_delay = 1h;
  const std::string id = machine_.Schedule(request);
  AwaitReason(id, "after a delay of 1h");
  EXPECT_TRUE(machine_.slots.held());
  ASSERT_TRUE(machine_.engine().CancelSchedule(id, "", machine_.alice));
  machine_.AwaitSchedule(id, ScheduleState::kCancelled);
  AwaitGivenBack();
}

TEST_F(RebootSlotsTest, WhatPutsTheRebootOffGivesItBack) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.reboot_delay = 1s;
  const std::string id = machine_.Schedule(request);
  machine_.Await([&] { return !machine_.guard.warnings().empty(); });
  EXPECT_TRUE(machine_.slots.held());
  machine_.guard.SetInhibitors({"backup (nightly backup runs)"});
  AwaitReason(id, "inhibited by backup");
  EXPECT_FALSE(machine_.slots.held());
  machine_.guard.SetInhibitors({});
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
}

TEST_F(RebootSlotsTest, APowerCutWhileItIsHeldLeavesItToWhoStartsNext) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.reboot_delay = 1h;
  const std::string id = machine_.Schedule(request);
  AwaitReason(id, "after a delay of 1h");
  const StateFolder::Contents files = machine_.folder.Save();
  machine_.guard.SetInhibitors({"backup (nightly backup runs)"});
  machine_.PowerCut(files);
  AwaitReason(id, "inhibited by backup");
  EXPECT_FALSE(machine_.slots.held());
}

TEST_F(RebootSlotsTest, AnImageOnlyStagedNeedsNone) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.stop_after = StopAfter::kStaged;
  const std::string id = machine_.Schedule(request);
  machine_.AwaitState<update::Staged>();
  EXPECT_THAT(machine_.slots.taken(), IsEmpty());
  ASSERT_TRUE(machine_.engine().ActivateUpdate(id, "", machine_.alice));
  machine_.AwaitRebootAsked();
  EXPECT_TRUE(machine_.slots.held());
}

// Without an agent around it: what needs no reboot.
TEST(LiveSlotTest, ASwitchWithoutARebootAsksAsSuch) {
  const StateFolder folder;
  fakes::ManualClock clock(fakes::ManualClock::Waits::kPass);
  fakes::FakeProcessRunner processes;
  fakes::FakeSourceResolver resolver;
  fakes::FakeRebootGuard guard;
  fakes::FakeRebootSlots slots;
  prechecks::Prechecks prechecks({}, {}, processes, clock);
  hooks::Runner hooks({}, processes, clock, folder.File("hook.env"));
  Ledger ledger(folder.path(), 900s, clock);
  Preparation preparation({.machine_id = "a"}, resolver, prechecks, hooks, guard, slots, clock,
                          ledger);
  ASSERT_TRUE(preparation.BeforeActivation(update::Order{}, /*live=*/true, {}));
  EXPECT_THAT(slots.taken(), ElementsAre(Disturbance::kLiveSwitch));
  preparation.ReleaseSlot();
  slots.SetTaken(true, 2s);
  const Result<> late = preparation.BeforeActivation(update::Order{}, /*live=*/true, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kRefused);
  EXPECT_THAT(late.error().message, HasSubstr("after 2s"));
}

}  // namespace
}  // namespace matic::engine
