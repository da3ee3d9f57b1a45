// What an update waits for, and what stops it before anything is touched.
#include "agent/engine/preparation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;
using boot::Slot;
using Verb = fakes::FakeBackend::Verb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A window that is open on another day of the week only.
calendar::Window NotToday() {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const unsigned other = (std::chrono::weekday(today).iso_encoding() - 1 + 3) % 7;
  calendar::Window window;
  window.weekdays.set(other);
  window.end = 60min;
  return window;
}

class PreparationTest : public testing::Test {
 protected:
  void Start() {
    machine_.StartAgent();
    machine_.AwaitGoodBoot();
  }

  void AwaitReason(const std::string& id, const std::string& part) {
    machine_.Await([&] { return machine_.Get(id).reason.find(part) != std::string::npos; });
  }

  ScheduleRequest Closed() const {
    ScheduleRequest request = machine_.Request();
    request.timing.zone = "UTC";
    request.timing.windows = {NotToday()};
    return request;
  }

  int Stages() const { return machine_.backend.calls(Verb::kStage); }

  Machine machine_;
};

TEST_F(PreparationTest, WaitsForItsMomentAndGoesOn) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.timing.at = std::chrono::system_clock::now() + 1s;
  const std::string id = machine_.Schedule(request);
  machine_.Await([&] { return machine_.Get(id).waiting_until.has_value(); });
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kPending);
  EXPECT_EQ(machine_.Get(id).phase, Phase::kWaiting);
  EXPECT_TRUE(machine_.Get(id).waiting_until);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
}

TEST_F(PreparationTest, WaitsThroughRestartsAndReboots) {
  Start();
  const std::string id = machine_.Schedule(Closed());
  AwaitReason(id, "maintenance window");
  machine_.StopAgent();
  machine_.StartAgent();
  AwaitReason(id, "maintenance window");
  machine_.Reboot();
  AwaitReason(id, "maintenance window");
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kPending);
  EXPECT_EQ(Stages(), 0);
}

TEST_F(PreparationTest, ARebootByHandIsNotHeldUpByWhatWaits) {
  Start();
  const std::string id = machine_.Schedule(Closed());
  AwaitReason(id, "maintenance window");
  ASSERT_TRUE(machine_.engine().Reboot("", machine_.alice));
  machine_.AwaitRebootAsked();
}

TEST_F(PreparationTest, CancelledBeforeItsTurnNothingWasTouched) {
  Start();
  const std::string id = machine_.Schedule(Closed());
  AwaitReason(id, "maintenance window");
  Result<Schedule> cancelled = machine_.engine().CancelSchedule(id, "", machine_.alice);
  ASSERT_TRUE(cancelled) << cancelled.error().message;
  EXPECT_EQ(cancelled->state, ScheduleState::kCancelled);
  EXPECT_EQ(Stages(), 0);
}

TEST_F(PreparationTest, WhatCanNeverBeginFails) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.timing.not_after = std::chrono::system_clock::now() - 1s;
  const std::string id = machine_.Schedule(request);
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("not"));
  EXPECT_EQ(Stages(), 0);
}

TEST_F(PreparationTest, AClockThatWasNeverSetOpensNoWindow) {
  machine_.time_floor = std::chrono::system_clock::now() + std::chrono::hours(1);
  Start();
  ScheduleRequest request = machine_.Request();
  request.timing.windows = {calendar::Window{.weekdays = 127}};
  const std::string id = machine_.Schedule(request);
  AwaitReason(id, "the clock says");
  (void)machine_.engine().CancelSchedule(id, "", machine_.alice);
  // What names no time needs no clock.
  const std::string at_once = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  EXPECT_EQ(machine_.Get(at_once).state, ScheduleState::kInProgress);
}

TEST_F(PreparationTest, TheMachinesOwnWindowsHoldForUpdatesThatNameNone) {
  machine_.maintenance.zone = "UTC";
  machine_.maintenance.windows = {NotToday()};
  Start();
  const std::string id = machine_.Schedule(machine_.Request());
  AwaitReason(id, "maintenance window");
  (void)machine_.engine().CancelSchedule(id, "", machine_.alice);
  ScheduleRequest emergency = machine_.Request();
  emergency.timing.emergency = true;
  machine_.Schedule(emergency);
  machine_.AwaitRebootAsked();
}

TEST_F(PreparationTest, StagedWaitsForTheWindowToRebootAndCannotBeBooted) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.timing.zone = "UTC";
  request.timing.reboot_windows = {NotToday()};
  const std::string id = machine_.Schedule(request);
  AwaitReason(id, "reboot window");
  EXPECT_EQ(machine_.Get(id).phase, Phase::kStaged);
  EXPECT_GT(machine_.Get(id).progress.bytes_total, 0u);
  EXPECT_EQ(machine_.Get(id).progress.bytes_done, machine_.Get(id).progress.bytes_total);
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  // A power cut here starts no trial.
  machine_.Reboot();
  AwaitReason(id, "reboot window");
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
}

TEST_F(PreparationTest, WhatAnEarlierAgentStagedIsVerifiedAgain) {
  machine_.guard.SetInhibitors({"backup (nightly backup runs)"});
  Start();
  const std::string id = machine_.Schedule(machine_.Request());
  AwaitReason(id, "inhibited by backup");
  EXPECT_EQ(machine_.backend.calls(Verb::kVerify), 0) << "this agent staged it itself";
  machine_.StopAgent();
  machine_.StartAgent();
  AwaitReason(id, "inhibited by backup");
  machine_.guard.SetInhibitors({});
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
  EXPECT_EQ(machine_.backend.calls(Verb::kVerify), 1);
}

TEST_F(PreparationTest, StagedContentThatHasChangedIsNotActivated) {
  machine_.guard.SetInhibitors({"backup (nightly backup runs)"});
  Start();
  const std::string id = machine_.Schedule(machine_.Request());
  AwaitReason(id, "inhibited by backup");
  machine_.StopAgent();
  fakes::FakeBackend::FakeSlot foreign = machine_.backend.slot(Slot::kB);
  foreign.digest = std::string(64, 'f');
  machine_.backend.SetSlot(Slot::kB, foreign);
  machine_.guard.SetInhibitors({});
  machine_.StartAgent();
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("has changed since it was staged"));
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
}

TEST_F(PreparationTest, AnInhibitorCanBePassedByByItsName) {
  machine_.guard.SetInhibitors({"backup (nightly backup runs)"});
  Start();
  ScheduleRequest request = machine_.Request();
  request.force = {"inhibitors"};
  machine_.Schedule(request);
  machine_.AwaitRebootAsked();
}

TEST_F(PreparationTest, UsersAreWarnedAndCanStopIt) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.reboot_delay = 1h;
  const std::string id = machine_.Schedule(request);
  AwaitReason(id, "after a delay of 1h");
  EXPECT_THAT(machine_.guard.warnings(), ElementsAre(HasSubstr("osctl schedule cancel " + id)));
  Result<Schedule> cancelled = machine_.engine().CancelSchedule(id, "", machine_.alice);
  ASSERT_TRUE(cancelled) << cancelled.error().message;
  EXPECT_EQ(cancelled->state, ScheduleState::kCancelled);
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
}

TEST_F(PreparationTest, WhoWasWarnedIsWarnedAgainAfterSomethingElseHeldItUp) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.reboot_delay = 1s;
  const std::string id = machine_.Schedule(request);
  machine_.Await([&] { return !machine_.guard.warnings().empty(); });
  machine_.guard.SetInhibitors({"backup (nightly backup runs)"});
  AwaitReason(id, "inhibited by backup");
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  EXPECT_THAT(machine_.guard.warnings(), testing::SizeIs(1));
  machine_.guard.SetInhibitors({});
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
  EXPECT_THAT(machine_.guard.warnings(), testing::SizeIs(2));
}

TEST_F(PreparationTest, AFailedPrecheckStopsItUnlessItIsPassedBy) {
  machine_.wanted.min_uptime = std::chrono::hours(24 * 3650);
  Start();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("pre-check failed: uptime: "));
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("--force uptime"));
  EXPECT_EQ(Stages(), 0);
  ScheduleRequest forced = machine_.Request();
  forced.force = {"uptime"};
  machine_.Schedule(forced);
  machine_.AwaitRebootAsked();
}

TEST_F(PreparationTest, AChannelComesDownToOneImageOfThePromisedVersion) {
  machine_.resolver.Set("", {"https://example.com/2.0.squashfs", std::string(64, '2'), "2.0", 0});
  Start();
  ScheduleRequest request = machine_.Request();
  request.source.clear();
  request.sha256.clear();
  const std::string id = machine_.Schedule(request);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted);
  machine_.Await([&] { return !machine_.resolver.confirmed().empty(); });
  EXPECT_THAT(machine_.resolver.confirmed(), ElementsAre("2.0"));
  // Asked again, there is nothing to do.
  const std::string again = machine_.Schedule(request);
  machine_.AwaitSchedule(again, ScheduleState::kCompleted);
  EXPECT_THAT(machine_.Get(again).reason, HasSubstr("runs 2.0 already"));
  EXPECT_EQ(Stages(), 1);
}

TEST_F(PreparationTest, AnImageThatIsNotThePromisedVersionIsNotActivated) {
  machine_.resolver.Set("", {"https://example.com/2.0.squashfs", std::string(64, '2'), "2.1", 0});
  Start();
  ScheduleRequest request = machine_.Request();
  request.source.clear();
  request.sha256.clear();
  const std::string id = machine_.Schedule(request);
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("the signed manifest \"2.1\""));
  EXPECT_EQ(machine_.backend.slot(Slot::kB).attributes, boot::kUnbootable);
}

TEST_F(PreparationTest, WithoutARootAnImageWithoutADigestIsRefused) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.sha256.clear();
  Result<Schedule> schedule = machine_.engine().ScheduleUpdate(request, machine_.alice);
  ASSERT_FALSE(schedule);
  EXPECT_EQ(schedule.error().code, ErrorCode::kRefused);
}

TEST_F(PreparationTest, APlanTellsAndTouchesNothing) {
  Start();
  ScheduleRequest request = Closed();
  Result<Plan> plan = machine_.engine().PlanUpdate(request, {});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->Possible());
  EXPECT_EQ(plan->target, "slot-b");
  EXPECT_EQ(plan->previous, "slot-a");
  EXPECT_EQ(plan->next_boot, "slot-b");
  EXPECT_GT(plan->fetch.bytes.value_or(0), 0u);
  ASSERT_EQ(plan->steps.size(), 3u);
  EXPECT_FALSE(plan->steps[0].decision.open());
  EXPECT_TRUE(plan->steps[0].decision.until);
  request.stop_after = StopAfter::kStaged;
  EXPECT_EQ(machine_.engine().PlanUpdate(request, {})->next_boot, "slot-a");
  EXPECT_TRUE(machine_.engine().ListSchedules(10).empty());
  EXPECT_EQ(Stages(), 0);
}

TEST_F(PreparationTest, APlanNamesWhatWouldStopIt) {
  machine_.wanted.min_uptime = std::chrono::hours(24 * 3650);
  Start();
  ScheduleRequest request = machine_.Request();
  Result<Plan> plan = machine_.engine().PlanUpdate(request, {});
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->Possible());
  const auto uptime = std::ranges::find(plan->checks, std::string("uptime"), &Plan::Check::name);
  ASSERT_NE(uptime, plan->checks.end());
  EXPECT_FALSE(uptime->passed);
  request.force = {"uptime"};
  EXPECT_TRUE(machine_.engine().PlanUpdate(request, {})->Possible());
}

TEST_F(PreparationTest, AMistypedNameToPassByIsAMistake) {
  Start();
  ScheduleRequest request = machine_.Request();
  request.force = {"uptme"};
  Result<Schedule> schedule = machine_.engine().ScheduleUpdate(request, machine_.alice);
  ASSERT_FALSE(schedule);
  EXPECT_EQ(schedule.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(schedule.error().message, HasSubstr("'uptme'"));
}

// A shutdown that is inhibited for long, by a clock of its own. No user is told of a delay.
class InhibitedTest : public testing::Test {
 protected:
  struct Answer {
    Result<> result;
    WallTime time;
  };

  InhibitedTest() { guard_.SetInhibitors({"backup (sleep)"}); }

  update::Order Ordered() const {
    update::Order order;
    order.schedule_id = "sched-20260127-001";
    order.timing.zone = "UTC";
    return order;
  }

  // Two hours after it was asked nothing inhibits any more; from then on time goes by.
  Answer AskInhibited(const update::Order& order) {
    std::future<Answer> answer = std::async(std::launch::async, [&] {
      Result<> result = preparation_.BeforeActivation(order, /*live=*/false, {});
      return Answer{std::move(result), clock_.Now()};
    });
    clock_.AwaitWaiters(1);
    guard_.SetInhibitors({});
    clock_.Advance(2h);
    while (answer.wait_for(5ms) != std::future_status::ready) clock_.Advance(10min);
    return answer.get();
  }

  fakes::ManualClock clock_;
  const WallTime start_ = clock_.Now();
  StateFolder folder_;
  fakes::FakeProcessRunner processes_;
  fakes::FakeRebootGuard guard_;
  fakes::FakeRebootSlots slots_;
  fakes::FakeSourceResolver resolver_;
  Ledger ledger_{folder_.path(), 900s, clock_};
  prechecks::Prechecks prechecks_{config::Prechecks{}, prechecks::Machine{}, processes_, clock_};
  hooks::Runner hooks_{config::Hooks{}, processes_, clock_, folder_.File("hook.env")};
  Preparation preparation_{{}, resolver_, prechecks_, hooks_, guard_, slots_, clock_, ledger_};
};

TEST_F(InhibitedTest, PastTheLastMomentItDoesNotReboot) {
  update::Order order = Ordered();
  order.timing.not_after = start_ + 1h;
  const Answer answer = AskInhibited(order);
  ASSERT_FALSE(answer.result);
  EXPECT_EQ(answer.result.error().code, ErrorCode::kRefused);
}

TEST_F(InhibitedTest, TheNextWindowIsWaitedForWhenOneHasClosed) {
  update::Order order = Ordered();
  order.timing.reboot_windows = {calendar::Window{.weekdays = 127, .begin = 60min, .end = 120min}};
  ASSERT_EQ(start_, std::chrono::floor<std::chrono::days>(start_) + 1h);
  const Answer answer = AskInhibited(order);
  ASSERT_TRUE(answer.result) << answer.result.error().message;
  EXPECT_GE(answer.time, start_ + 24h);
  EXPECT_LT(answer.time, start_ + 25h);
}

}  // namespace
}  // namespace matic::engine
