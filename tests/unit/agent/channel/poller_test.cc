#include "agent/channel/poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <set>

#include "tests/fakes/engine/fake_engine.h"
#include "tests/fakes/manual_clock.h"

namespace matic::channel {
namespace {

using engine::Schedule;
using engine::ScheduleState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string kUrl = "https://updates.example.com/edge/stable.json";
const std::string kDigest(64, 'a');
const std::string kNextDigest(64, 'b');

// A channel that has what a test says.
class FakeResolver final : public engine::SourceResolver {
 public:
  Result<> Check(const std::string&, const std::string&) override { return {}; }
  Result<engine::ResolvedSource> Resolve(const std::string& source, const std::string&,
                                         const std::string&, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++looks_;
    EXPECT_EQ(source, kUrl);
    if (hangs_) {
      changed_.wait(lock, stop, [] { return false; });
      return Fail(ErrorCode::kCancelled, "stopped");
    }
    return answer_;
  }
  void Confirmed(const std::string&) override {}

  void Set(Result<engine::ResolvedSource> answer) {
    const std::scoped_lock lock(mutex_);
    answer_ = std::move(answer);
  }
  void Release(const std::string& version, const std::string& digest) {
    Set(engine::ResolvedSource{"https://updates.example.com/os.squashfs", digest, version, 5});
  }
  void Hang() {
    const std::scoped_lock lock(mutex_);
    hangs_ = true;
  }
  int looks() const {
    const std::scoped_lock lock(mutex_);
    return looks_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Result<engine::ResolvedSource> answer_ = Fail(ErrorCode::kUnavailable, "no connection");
  bool hangs_ = false;
  int looks_ = 0;
};

class PollerTest : public testing::Test {
 protected:
  PollerTest() {
    options_.channel.url = kUrl;
    options_.channel.interval = hours(1);
    options_.channel.jitter = seconds(0);
    options_.machine_id = "0123456789abcdef0123456789abcdef";
    resolver_.Release("2.0", kDigest);
  }

  Poller& Start() {
    poller_ = std::make_unique<Poller>(options_, resolver_, engine_, clock_);
    poller_->Start();
    const bool looks = !options_.channel.url.empty() && options_.channel.poll;
    clock_.AwaitWaiters(looks ? 1 : 0);
    return *poller_;
  }
  // Until it waits again after what is due in `time`.
  void Pass(std::chrono::nanoseconds time) {
    clock_.Advance(time);
    clock_.AwaitWaiters(1);
  }
  size_t Scheduled() { return engine_.ListSchedules(100).size(); }
  void End(const std::string& id, ScheduleState state) {
    engine_.Advance(id, [&](Schedule& schedule) {
      schedule.state = state;
      schedule.phase = engine::Phase::kNone;
    });
  }

  PollerOptions options_;
  FakeResolver resolver_;
  engine::FakeEngine engine_;
  fakes::ManualClock clock_;
  std::unique_ptr<Poller> poller_;
};

TEST_F(PollerTest, ANewVersionIsScheduledOnce) {
  const Poller& poller = Start();
  ASSERT_EQ(Scheduled(), 1u);
  const Schedule schedule = *engine_.GetSchedule("");
  EXPECT_EQ(schedule.request.source, kUrl);
  EXPECT_EQ(schedule.request.sha256, kDigest);
  EXPECT_TRUE(schedule.request.enable_auto_rollback);
  EXPECT_EQ(schedule.requested_by, "channel " + kUrl);
  EXPECT_THAT(poller.last_result(), HasSubstr("2.0 was scheduled as " + schedule.id));
  Pass(hours(1));
  Pass(hours(1));
  EXPECT_EQ(resolver_.looks(), 3);
  EXPECT_EQ(Scheduled(), 1u);
  EXPECT_THAT(poller.last_result(), HasSubstr("is scheduled as " + schedule.id));
}

TEST_F(PollerTest, WhatIsNotNewerIsLeftAlone) {
  for (const char* version : {"1.9", "1.8", "1.9~rc1"}) {
    resolver_.Release(version, kDigest);
    const Poller& poller = Start();
    EXPECT_EQ(Scheduled(), 0u) << version;
    EXPECT_THAT(poller.last_result(), HasSubstr("1.9 is up to date"));
    poller_.reset();
  }
}

TEST_F(PollerTest, WithoutAChannelNothingIsLookedAt) {
  options_.channel.url.clear();
  const Poller& poller = Start();
  clock_.Advance(hours(10));
  EXPECT_EQ(poller.next_run(), std::nullopt);
  EXPECT_EQ(resolver_.looks(), 0);
}

TEST_F(PollerTest, AfterErrorsItLooksEverLaterUpToTheInterval) {
  resolver_.Set(Fail(ErrorCode::kUnavailable, "no connection"));
  const Poller& poller = Start();
  EXPECT_EQ(poller.last_result(), "no connection");
  std::vector<minutes> pauses;
  for (int i = 0; i < 8; ++i) {
    const auto pause = *poller.next_run() - clock_.Now();
    pauses.push_back(std::chrono::duration_cast<minutes>(pause));
    Pass(pause);
  }
  EXPECT_THAT(pauses, testing::ElementsAre(minutes(1), minutes(2), minutes(4), minutes(8),
                                           minutes(16), minutes(32), minutes(60), minutes(60)));
  EXPECT_EQ(resolver_.looks(), 9);
  // One that succeeds ends it.
  resolver_.Release("2.0", kDigest);
  Pass(hours(1));
  EXPECT_EQ(Scheduled(), 1u);
  EXPECT_EQ(*poller.next_run() - clock_.Now(), hours(1));
}

TEST_F(PollerTest, AWallClockThatJumpsMovesNoLook) {
  const Poller& poller = Start();
  clock_.SetNow(clock_.Now() + hours(24 * 365));
  EXPECT_EQ(*poller.next_run() - clock_.Now(), hours(1));
  EXPECT_EQ(resolver_.looks(), 1);
}

TEST_F(PollerTest, MachinesLookAtDifferentTimes) {
  options_.channel.jitter = minutes(10);
  std::set<WallTime> firsts;
  for (int machine = 0; machine < 20; ++machine) {
    options_.machine_id = "machine-" + std::to_string(machine);
    const WallTime first = *Start().next_run();
    EXPECT_GE(first, clock_.Now());
    EXPECT_LE(first, clock_.Now() + minutes(10));
    firsts.insert(first);
    poller_.reset();
  }
  EXPECT_GT(firsts.size(), 15u);
}

TEST_F(PollerTest, AQuarantinedImageIsLeftAlone) {
  engine::Status status = engine_.status();
  status.quarantined = {kDigest};
  engine_.SetStatus(status);
  EXPECT_THAT(Start().last_result(), HasSubstr("it is quarantined here"));
  EXPECT_EQ(Scheduled(), 0u);
}

TEST_F(PollerTest, WhileAnotherUpdateIsUnderWayItWaits) {
  engine::Status status = engine_.status();
  status.phase = engine::Phase::kFetching;
  engine_.SetStatus(status);
  EXPECT_THAT(Start().last_result(), HasSubstr("an update is under way"));
  status.phase = engine::Phase::kNone;
  status.trial_target = "slot-a";
  engine_.SetStatus(status);
  Pass(hours(1));
  EXPECT_THAT(poller_->last_result(), HasSubstr("not confirmed yet"));
  EXPECT_EQ(Scheduled(), 0u);
  status.trial_target.clear();
  engine_.SetStatus(status);
  Pass(hours(1));
  EXPECT_EQ(Scheduled(), 1u);
}

TEST_F(PollerTest, WhatWasCancelledOrLeftIsNotForcedUponAnybody) {
  for (const ScheduleState state :
       {ScheduleState::kCancelled, ScheduleState::kRolledBack, ScheduleState::kCompleted}) {
    const std::string digest(64, static_cast<char>('0' + static_cast<int>(state)));
    resolver_.Release("2.0", digest);
    Start();
    const size_t scheduled = Scheduled();
    End(engine_.GetSchedule("")->id, state);
    Pass(hours(1));
    EXPECT_EQ(Scheduled(), scheduled);
    EXPECT_THAT(poller_->last_result(), HasSubstr("is left alone"));
    poller_.reset();
  }
}

TEST_F(PollerTest, AnUpdateThatFailedIsTriedAgain) {
  Start();
  End("sched-20260127-001", ScheduleState::kFailed);
  Pass(hours(1));
  EXPECT_EQ(Scheduled(), 2u);
}

TEST_F(PollerTest, WhatStillWaitsGivesWayToANewerVersion) {
  Start();
  resolver_.Release("2.1", kNextDigest);
  Pass(hours(1));
  EXPECT_EQ(engine_.GetSchedule("sched-20260127-001")->state, ScheduleState::kCancelled);
  EXPECT_EQ(engine_.GetSchedule("sched-20260127-002")->request.sha256, kNextDigest);
  // The publisher takes 2.1 back: 2.0 was cancelled by nobody but the channel itself.
  resolver_.Release("2.0", kDigest);
  Pass(hours(1));
  EXPECT_EQ(engine_.GetSchedule("sched-20260127-003")->request.sha256, kDigest);
}

TEST_F(PollerTest, WhatHasBegunIsNotGivenUp) {
  Start();
  engine_.Advance("sched-20260127-001",
                  [](Schedule& schedule) { schedule.phase = engine::Phase::kFetching; });
  engine::Status status = engine_.status();
  status.phase = engine::Phase::kFetching;
  engine_.SetStatus(status);
  resolver_.Release("2.1", kNextDigest);
  Pass(hours(1));
  EXPECT_EQ(engine_.GetSchedule("sched-20260127-001")->state, ScheduleState::kPending);
  EXPECT_THAT(poller_->last_result(), HasSubstr("2.1 has to wait: an update is under way"));
}

TEST_F(PollerTest, AnUnknownRunningVersionIsNoReasonToUpdate) {
  engine::Status status = engine_.status();
  status.facts.targets[0].version.clear();
  engine_.SetStatus(status);
  EXPECT_THAT(Start().last_result(), HasSubstr("version of the running system is unknown"));
  EXPECT_EQ(resolver_.looks(), 0);
}

TEST_F(PollerTest, ItStopsWhileItWaitsAndWhileItFetches) {
  Poller& waiting = Start();
  waiting.Stop();
  EXPECT_EQ(waiting.next_run(), std::nullopt);
  resolver_.Hang();
  poller_ = std::make_unique<Poller>(options_, resolver_, engine_, clock_);
  poller_->Start();
  while (resolver_.looks() < 2) std::this_thread::yield();
  poller_->Stop();
  EXPECT_EQ(poller_->last_result(), "") << "no result: it was given up";
}

TEST_F(PollerTest, AChannelThatIsNotPolledIsLeftAlone) {
  options_.channel.poll = false;
  Start();
  EXPECT_EQ(poller_->url(), kUrl);
  EXPECT_EQ(poller_->next_run(), std::nullopt);
}

TEST_F(PollerTest, AnotherChannelIsLookedAtOnceItIsConfigured) {
  options_.channel.url = "";
  Start();
  EXPECT_EQ(poller_->url(), "");
  poller_->Stop();
  options_.channel.url = kUrl;
  poller_->Configure(options_);
  poller_->Start();
  EXPECT_NE(poller_->next_run(), std::nullopt);
  EXPECT_EQ(poller_->url(), kUrl);
}

}  // namespace
}  // namespace matic::channel
