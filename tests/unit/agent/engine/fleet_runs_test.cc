// Runs of fleets that hold a machine, and are stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

LeaseRequest Wish(const std::string& run, std::chrono::seconds duration = 3600s) {
  return {.fleet = "homelab", .run = run, .holder = "bob@controller", .duration = duration};
}

class FleetRunsTest : public testing::Test {
 protected:
  FleetRunsTest() { machine_.StartAgent(); }
  ~FleetRunsTest() override { machine_.StopAgent(); }

  Engine& engine() { return machine_.engine(); }
  void Acquire(const std::string& run) {
    const auto lease = engine().AcquireLease(Wish(run), machine_.alice);
    ASSERT_TRUE(lease) << lease.error().message;
  }
  ScheduleRequest Staging(const std::string& run) {
    ScheduleRequest request = machine_.Request();
    request.run = run;
    request.stop_after = StopAfter::kStaged;
    return request;
  }

  // 2.0 runs in slot-b then.
  void Complete(const std::string& run) {
    Acquire(run);
    ScheduleRequest request = machine_.Request();
    request.run = run;
    const std::string id = machine_.Schedule(request);
    machine_.RunToRest();
    machine_.AwaitSchedule(id, ScheduleState::kCompleted);
    ASSERT_EQ(machine_.backend.running(), boot::Slot::kB);
  }

  // One that failed long ago, by its time.
  void KeepSchedule(const std::string& id, const ScheduleRequest& request) {
    Schedule schedule;
    schedule.id = id;
    schedule.request = request;
    schedule.state = ScheduleState::kFailed;
    schedule.phase = Phase::kNone;
    machine_.StopAgent();
    ASSERT_TRUE(ScheduleBook(machine_.folder.File(kScheduleFile)).Put(schedule, true));
    machine_.StartAgent();
  }

  Machine machine_;
};

TEST_F(FleetRunsTest, ASecondRunIsToldWhoHoldsTheMachine) {
  Acquire("run-1");
  const auto refused = engine().AcquireLease(Wish("run-2"), machine_.alice);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("run run-1 of fleet homelab (bob@controller)"));
  ASSERT_TRUE(engine().GetStatus()->lease);
  EXPECT_EQ(engine().GetStatus()->lease->run, "run-1");
  Acquire("run-1");

  ASSERT_TRUE(engine().ReleaseLease("run-2", machine_.alice));
  EXPECT_TRUE(engine().GetStatus()->lease) << "it was not its own";
  ASSERT_TRUE(engine().ReleaseLease("run-1", machine_.alice));
  EXPECT_FALSE(engine().GetStatus()->lease);
  Acquire("run-2");
}

TEST_F(FleetRunsTest, ALeaseOutlivesTheAgentAndEndsByItself) {
  ASSERT_TRUE(engine().AcquireLease(Wish("run-1", 1s), machine_.alice));
  machine_.StopAgent();
  machine_.StartAgent();
  EXPECT_FALSE(engine().AcquireLease(Wish("run-2"), machine_.alice));
  machine_.Await([this] { return !engine().GetStatus()->lease; });
  Acquire("run-2");
}

TEST_F(FleetRunsTest, AnUpdateOfARunTakesItsLease) {
  const auto refused = engine().ScheduleUpdate(Staging("run-1"), machine_.alice);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("run-1 does not hold this machine"));
  Acquire("run-1");
  const std::string id = machine_.Schedule(Staging("run-1"));
  machine_.AwaitState<update::Staged>();
  EXPECT_EQ(machine_.Get(id).request.run, "run-1");
  ASSERT_TRUE(engine().ActivateUpdate(id, "", machine_.alice));
  machine_.AwaitRebootAsked();
}

TEST_F(FleetRunsTest, WhatARunHasStagedIsActivatedAfterIt) {
  Acquire("run-1");
  const std::string id = machine_.Schedule(Staging("run-1"));
  machine_.AwaitState<update::Staged>();
  ASSERT_TRUE(engine().ReleaseLease("run-1", machine_.alice));
  Acquire("run-2");
  const auto by_hand = engine().ActivateUpdate(id, "", machine_.alice);
  ASSERT_FALSE(by_hand);
  EXPECT_THAT(by_hand.error().message, HasSubstr("holds this machine"));
  EXPECT_FALSE(engine().ActivateUpdate(id, "run-3", machine_.alice));
  const auto taken_over = engine().ActivateUpdate(id, "run-2", machine_.alice);
  ASSERT_TRUE(taken_over) << taken_over.error().message;
  EXPECT_EQ(taken_over->request.run, "run-2");
  EXPECT_EQ(machine_.Get(id).request.run, "run-2");
  machine_.AwaitRebootAsked();
}

TEST_F(FleetRunsTest, WhatARunHasStagedIsActivatedByHandOnceNoneHoldsTheMachine) {
  Acquire("run-1");
  const std::string id = machine_.Schedule(Staging("run-1"));
  machine_.AwaitState<update::Staged>();
  ASSERT_TRUE(engine().ReleaseLease("run-1", machine_.alice));
  ASSERT_TRUE(engine().ActivateUpdate(id, "", machine_.alice));
  machine_.AwaitRebootAsked();
}

TEST_F(FleetRunsTest, AStoppedRunActivatesNothing) {
  Acquire("run-1");
  const std::string id = machine_.Schedule(Staging("run-1"));
  machine_.AwaitState<update::Staged>();
  const auto stopped = engine().StopRun("run-1", false, machine_.alice);
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCancelled);

  // Its controller goes on, and the agent was restarted since.
  machine_.StopAgent();
  machine_.StartAgent();
  for (const Error& error : {engine().ActivateUpdate(id, "", machine_.alice).error(),
                             engine().ScheduleUpdate(Staging("run-1"), machine_.alice).error(),
                             engine().AcquireLease(Wish("run-1"), machine_.alice).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kRefused);
    EXPECT_THAT(error.message, HasSubstr("was stopped by admin alice"));
  }
  Acquire("run-2");
}

TEST_F(FleetRunsTest, WhatIsOnTrialStaysUnlessItIsToBeReverted) {
  Acquire("run-1");
  ScheduleRequest request = machine_.Request();
  request.run = "run-1";
  machine_.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine_.Schedule(request);
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitTrial();
  ASSERT_TRUE(engine().StopRun("", false, machine_.alice));
  EXPECT_FALSE(HasEnded(machine_.Get(id).state));
  const auto reverted = engine().StopRun("run-1", true, machine_.alice);
  ASSERT_TRUE(reverted) << reverted.error().message;
  EXPECT_TRUE(reverted->rolling_back);
  machine_.SetCheck("api", "2.0", Found::kPass);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCancelled);
  EXPECT_EQ(machine_.backend.running(), boot::Slot::kA);
}

TEST_F(FleetRunsTest, WhatWasCompletedIsRolledBackWhereThatIsAskedFor) {
  Acquire("run-1");
  ScheduleRequest request = machine_.Request();
  request.run = "run-1";
  const std::string id = machine_.Schedule(request);
  machine_.RunToRest();
  machine_.AwaitSchedule(id, ScheduleState::kCompleted);
  ASSERT_EQ(machine_.backend.running(), boot::Slot::kB);
  EXPECT_FALSE(engine().StopRun("run-1", false, machine_.alice)->rolling_back);
  EXPECT_TRUE(engine().StopRun("run-1", true, machine_.alice)->rolling_back);
  machine_.AwaitRebootAsked();
  machine_.RunToRest();
  EXPECT_EQ(machine_.backend.running(), boot::Slot::kA);
}

TEST_F(FleetRunsTest, WhatIsBackAlreadyStaysWhenTheRunIsStoppedAgain) {
  Complete("run-1");
  ASSERT_TRUE(engine().StopRun("run-1", true, machine_.alice)->rolling_back);
  machine_.AwaitState<update::RollingBack>();
  const auto under_way = engine().StopRun("run-1", true, machine_.alice);
  ASSERT_TRUE(under_way) << under_way.error().message;
  EXPECT_TRUE(under_way->rolling_back);
  machine_.AwaitRebootAsked();
  machine_.RunToRest();
  ASSERT_EQ(machine_.backend.running(), boot::Slot::kA);

  const auto again = engine().StopRun("run-1", true, machine_.alice);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->rolling_back);
  ASSERT_TRUE(again->schedule);
  EXPECT_EQ(again->schedule->state, ScheduleState::kCompleted);
  machine_.Reboot();
  machine_.RunToRest();
  EXPECT_EQ(machine_.backend.running(), boot::Slot::kA);
}

// By hand, and to the slot that the run's system was in.
TEST_F(FleetRunsTest, WhatCameAfterTheRunStays) {
  Complete("run-1");
  for (const char* version : {"3.0", "4.0"}) {
    ScheduleRequest request = machine_.Request();
    request.source = "https://example.com/" + std::string(version) + ".squashfs";
    request.sha256 = std::string(64, version[0]);
    machine_.backend.Offer(request.source, version, true);
    const std::string id = machine_.Schedule(request);
    machine_.RunToRest();
    ASSERT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
    const auto stopped = engine().StopRun("run-1", true, machine_.alice);
    ASSERT_TRUE(stopped) << stopped.error().message;
    EXPECT_FALSE(stopped->rolling_back) << version;
  }
  EXPECT_EQ(machine_.backend.running(), boot::Slot::kB);
}

TEST_F(FleetRunsTest, AWayBackThatIsClosedIsToldOf) {
  Complete("run-1");
  machine_.backend.SetSlot(boot::Slot::kA, {});
  const auto stopped = engine().StopRun("run-1", true, machine_.alice);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kRefused) << "kNotFound: it never came here";
  EXPECT_THAT(stopped.error().message, HasSubstr("there is no way back to slot-a"));
}

TEST_F(FleetRunsTest, WhatWasScheduledSinceDoesNotHideTheRunsOwn) {
  Complete("run-1");
  ScheduleRequest by_hand = machine_.Request();
  by_hand.timing.not_after = std::chrono::system_clock::now() - 1s;
  machine_.AwaitSchedule(machine_.Schedule(by_hand), ScheduleState::kFailed);
  EXPECT_TRUE(engine().StopRun("run-1", true, machine_.alice)->rolling_back);
  machine_.AwaitRebootAsked();
  machine_.RunToRest();
  EXPECT_EQ(machine_.backend.running(), boot::Slot::kA);
}

TEST_F(FleetRunsTest, TheRunsOwnIsFoundAlsoAfterTheClockWasSetBack) {
  KeepSchedule("sched-20990101-001", machine_.Request());
  Acquire("run-1");
  const std::string staged = machine_.Schedule(Staging("run-1"));
  ASSERT_TRUE(engine().StopRun("run-1", false, machine_.alice));
  EXPECT_EQ(machine_.Get(staged).state, ScheduleState::kCancelled);
}

TEST_F(FleetRunsTest, OfARunsSchedulesTheLastCounts) {
  ScheduleRequest of_run = machine_.Request();
  of_run.run = "run-1";
  KeepSchedule("sched-20990101-001", of_run);
  Complete("run-1");
  EXPECT_TRUE(engine().StopRun("run-1", true, machine_.alice)->rolling_back);
  machine_.AwaitRebootAsked();
}

TEST_F(FleetRunsTest, ARunThatIsStoppedWhileItsUpdateIsLookedAtDoesNotBegin) {
  machine_.AwaitGoodBoot();
  Acquire("run-1");
  machine_.resolver.OnCheck(
      [this] { EXPECT_TRUE(engine().StopRun("run-1", false, machine_.alice)); });
  const auto refused = engine().ScheduleUpdate(Staging("run-1"), machine_.alice);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("was stopped by admin alice"));
  EXPECT_THAT(engine().ListSchedules(10), testing::IsEmpty());
}

TEST_F(FleetRunsTest, NothingIsThereToStop) {
  EXPECT_EQ(engine().StopRun("", true, machine_.alice).error().code, ErrorCode::kNotFound);
  Acquire("run-1");
  EXPECT_EQ(engine().StopRun("run-9", true, machine_.alice).error().code, ErrorCode::kNotFound);
}

TEST_F(FleetRunsTest, ARunIsStoppedBeforeItComes) {
  const auto stopped = engine().StopRun("run-1", true, machine_.alice);
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_FALSE(stopped->schedule);
  machine_.StopAgent();
  machine_.StartAgent();
  const Error error = engine().AcquireLease(Wish("run-1"), machine_.alice).error();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_THAT(error.message, HasSubstr("run run-1 was stopped by admin alice"));
  Acquire("run-2");
}

TEST(RunLeaseTest, OneOfTheFutureHoldsNothingOnceTheClockIsRight) {
  StateFolder folder;
  fakes::ManualClock clock;
  RunLease lease(folder.File("run_lease.json"), clock);
  const WallTime now = clock.Now();
  clock.SetNow(now + std::chrono::years(80));
  ASSERT_TRUE(lease.Acquire(Wish("run-1", kLongestLease)));
  EXPECT_TRUE(lease.Current());
  EXPECT_FALSE(lease.Acquire(Wish("run-2")));
  clock.SetNow(now);
  EXPECT_FALSE(lease.Current());
  EXPECT_TRUE(lease.CheckByHand("run-2"));
  ASSERT_TRUE(lease.Acquire(Wish("run-2")));
  EXPECT_EQ(lease.Current()->run, "run-2");
}

TEST(RunLeaseTest, AFileThatCannotBeReadIsSetAside) {
  StateFolder folder;
  SystemClock clock;
  for (const char* text : {"", "x", "[]", "{\"run\": 7}", "{\"fleet\":\"f\",\"run\":\"r\"}"}) {
    std::ofstream(folder.File("run_lease.json")) << text;
    RunLease lease(folder.File("run_lease.json"), clock);
    EXPECT_THAT(lease.Load(), HasSubstr("run_lease.json")) << text;
    EXPECT_FALSE(lease.Current());
    ASSERT_TRUE(lease.Acquire(Wish("run-1")));
  }
}

}  // namespace
}  // namespace matic::engine
