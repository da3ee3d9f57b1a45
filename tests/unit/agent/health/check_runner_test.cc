#include "agent/health/check_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/fakes/manual_clock.h"

namespace matic::health {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

using namespace std::chrono_literals;

class FakeCheck final : public Check {
 public:
  using Body = std::function<Finding(uint32_t attempt, const std::stop_token& stop)>;
  FakeCheck(std::string name, bool critical, Body body, Tries tries = {})
      : name_(std::move(name)), critical_(critical), body_(std::move(body)), tries_(tries) {}

  std::string name() const override { return name_; }
  bool critical() const override { return critical_; }
  Finding Run(std::stop_token stop) override { return body_(++attempts_, stop); }
  Tries tries() const override { return tries_; }

 private:
  std::string name_;
  bool critical_;
  Body body_;
  Tries tries_;
  std::atomic<uint32_t> attempts_ = 0;
};

FakeCheck::Body PassesAt(uint32_t wanted) {
  return [wanted](uint32_t attempt, const std::stop_token&) {
    return Finding{attempt >= wanted, "try " + std::to_string(attempt)};
  };
}

FakeCheck::Body HangsUntilStopped() {
  return [](uint32_t, const std::stop_token& stop) {
    std::promise<void> stopped;
    const std::stop_callback callback(stop, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    return Finding{false, "no answer yet"};
  };
}

class CheckRunnerTest : public testing::Test {
 protected:
  void Add(std::string name, bool critical, FakeCheck::Body body, Tries tries = {}) {
    checks_.push_back(
        std::make_unique<FakeCheck>(std::move(name), critical, std::move(body), tries));
  }

  std::future<Report> Start() {
    runner_ = std::make_unique<CheckRunner>(std::move(checks_), clock_);
    return std::async(std::launch::async, [this] {
      return runner_->RunToVerdict(
          policy_, [this](const Report& report) { seen_.push_back(report); }, stop_.get_token());
    });
  }

  fakes::ManualClock clock_;
  RetryPolicy policy_{.timeout = 300s, .interval = 10s, .attempts = 30};
  std::stop_source stop_;
  std::vector<Report> seen_;
  std::vector<std::unique_ptr<Check>> checks_;
  std::unique_ptr<CheckRunner> runner_;
};

TEST_F(CheckRunnerTest, EndsAtOnceWhenEveryCheckPasses) {
  Add("boot", true, PassesAt(1));
  Add("network", false, PassesAt(1));
  const Report report = Start().get();

  EXPECT_EQ(report.State(), HealthState::kHealthy);
  ASSERT_EQ(report.checks.size(), 2u);
  EXPECT_EQ(report.checks[0].name, "boot");
  EXPECT_TRUE(report.checks[0].critical);
  EXPECT_EQ(report.checks[0].result, CheckResult::kPassed);
  EXPECT_EQ(report.checks[0].attempts, 1u);
  EXPECT_EQ(report.checks[0].output, "try 1");
  EXPECT_FALSE(report.checks[1].critical);
  EXPECT_EQ(seen_.size(), 2u);
}

TEST_F(CheckRunnerTest, WithoutChecksThereIsNothingToWaitFor) {
  EXPECT_EQ(Start().get().State(), HealthState::kHealthy);
}

TEST_F(CheckRunnerTest, ACheckIsTriedAgainUntilItPasses) {
  Add("service", true, PassesAt(3));
  auto verdict = Start();
  for (int i = 0; i < 2; ++i) {
    clock_.AwaitWaiters(2);  // the timeout's thread and the check's
    clock_.Advance(10s);
  }
  const Report report = verdict.get();

  EXPECT_EQ(report.State(), HealthState::kHealthy);
  EXPECT_EQ(report.checks[0].attempts, 3u);
  EXPECT_EQ(report.last_updated, clock_.Now());
  ASSERT_EQ(seen_.size(), 3u);  // a report for every attempt
  const CheckReport before_last = seen_[1].checks[0];
  EXPECT_EQ(before_last.result, CheckResult::kRunning);
  EXPECT_EQ(before_last.attempts, 2u);
  EXPECT_EQ(before_last.output, "try 2");
}

TEST_F(CheckRunnerTest, ACheckFailsWhenItsTriesAreUsedUp) {
  policy_.attempts = 3;
  Add("service", true, PassesAt(4));
  auto verdict = Start();
  for (int i = 0; i < 2; ++i) {
    clock_.AwaitWaiters(2);
    clock_.Advance(10s);
  }
  const Report report = verdict.get();

  EXPECT_EQ(report.State(), HealthState::kUnhealthy);
  EXPECT_EQ(report.CriticalFailure(), "service: try 3");
  EXPECT_EQ(report.checks[0].attempts, 3u);
}

TEST_F(CheckRunnerTest, ACheckThatIsNotCriticalOnlyDegrades) {
  policy_.attempts = 1;
  Add("boot", true, PassesAt(1));
  Add("network", false, PassesAt(2));
  const Report report = Start().get();

  EXPECT_EQ(report.State(), HealthState::kDegraded);
  EXPECT_EQ(report.CriticalFailure(), "");
  EXPECT_EQ(report.checks[1].result, CheckResult::kFailed);
}

TEST_F(CheckRunnerTest, TheTimeIsForAllChecksTogether) {
  policy_.timeout = 15s;
  Add("service", true, PassesAt(100));
  auto verdict = Start();
  clock_.AwaitWaiters(2);
  clock_.Advance(10s);
  clock_.AwaitWaiters(2);
  clock_.Advance(5s);
  const Report report = verdict.get();

  EXPECT_EQ(report.State(), HealthState::kUnhealthy);
  EXPECT_EQ(report.CriticalFailure(), "service: try 2; out of time after 15 s");
  EXPECT_EQ(seen_.back().checks[0].result, CheckResult::kFailed);
}

TEST_F(CheckRunnerTest, ACheckThatHangsDoesNotHoldUpTheOthersAndIsCutOff) {
  std::promise<void> api_hangs;
  std::promise<void> boot_ran;
  Add("api", true, [&](uint32_t attempt, const std::stop_token& stop) {
    api_hangs.set_value();
    return HangsUntilStopped()(attempt, stop);
  });
  Add("boot", true, [&](uint32_t, const std::stop_token&) {
    boot_ran.set_value();
    return Finding{true, ""};
  });
  auto verdict = Start();
  api_hangs.get_future().wait();
  boot_ran.get_future().wait();
  clock_.AwaitWaiters(1);
  clock_.Advance(300s);
  const Report report = verdict.get();

  EXPECT_EQ(report.CriticalFailure(), "api: no answer yet; out of time after 300 s");
  EXPECT_EQ(report.checks[0].attempts, 0u);
  EXPECT_EQ(report.checks[1].result, CheckResult::kPassed);
}

TEST_F(CheckRunnerTest, StoppedEarlyItLeavesOpenWhatIsOpen) {
  Add("service", true, PassesAt(100));
  Add("api", true, HangsUntilStopped());
  auto verdict = Start();
  clock_.AwaitWaiters(2);
  stop_.request_stop();
  const Report report = verdict.get();

  EXPECT_EQ(report.checks[0].result, CheckResult::kRunning);
  EXPECT_EQ(report.checks[0].output, "try 1");
  EXPECT_EQ(report.checks[1].result, CheckResult::kRunning);
  EXPECT_EQ(report.checks[1].output, "");
  EXPECT_EQ(report.CriticalFailure(), "");
}

TEST_F(CheckRunnerTest, StoppedBeforeItBeganItFindsNothing) {
  Add("boot", true, PassesAt(1));
  stop_.request_stop();
  EXPECT_EQ(Start().get().checks[0].result, CheckResult::kRunning);
}

TEST_F(CheckRunnerTest, AListenerIsCalledByOneThreadAtATime) {
  for (int i = 0; i < 8; ++i) Add(std::to_string(i), true, PassesAt(1));
  CheckRunner runner(std::move(checks_), clock_);
  std::atomic<int> inside = 0;
  bool overlapped = false;
  size_t calls = 0;
  runner.RunToVerdict(policy_,
                      [&](const Report&) {
                        overlapped = overlapped || ++inside != 1;
                        ++calls;
                        std::this_thread::yield();
                        --inside;
                      },
                      {});
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(calls, 8u);
}

TEST_F(CheckRunnerTest, ASingleRoundTriesOnce) {
  Add("service", true, PassesAt(2));
  CheckRunner runner(std::move(checks_), clock_);
  EXPECT_EQ(runner.RunOnce(30s, {}).CriticalFailure(), "service: try 1");
  EXPECT_EQ(runner.RunOnce(30s, {}).State(), HealthState::kHealthy);
}

TEST_F(CheckRunnerTest, ACheckMayHaveTriesAndAnIntervalOfItsOwn) {
  Add("http", true, PassesAt(100), {.attempts = 2, .interval = 3s});
  auto verdict = Start();
  clock_.AwaitWaiters(2);
  clock_.Advance(3s);
  const Report report = verdict.get();
  EXPECT_EQ(report.CriticalFailure(), "http: try 2");
}

TEST_F(CheckRunnerTest, ASingleRoundIsOneTryWhateverACheckWants) {
  Add("http", true, PassesAt(2), {.attempts = 5, .interval = 0s});
  CheckRunner runner(std::move(checks_), clock_);
  const Report report = runner.RunOnce(30s, {});
  EXPECT_EQ(report.checks[0].attempts, 1u);
  EXPECT_EQ(report.CriticalFailure(), "http: try 1");
}

TEST_F(CheckRunnerTest, WhatIsFoundBeforeARoundIsPartOfIt) {
  std::vector<std::string> there;
  Add("boot", true, PassesAt(1));
  CheckRunner runner(std::move(checks_), clock_, [&] {
    std::vector<std::unique_ptr<Check>> found;
    for (const std::string& name : there) {
      found.push_back(std::make_unique<FakeCheck>(name, false, PassesAt(2)));
    }
    return found;
  });
  EXPECT_EQ(runner.RunOnce(30s, {}).checks.size(), 1u);
  there = {"wanted.d/tea"};
  const Report report = runner.RunOnce(30s, {});
  ASSERT_EQ(report.checks.size(), 2u);
  EXPECT_EQ(report.checks[1].name, "wanted.d/tea");
  EXPECT_EQ(report.State(), HealthState::kDegraded);
}

TEST_F(CheckRunnerTest, ADurationIsThatOfTheLastAttempt) {
  Add("boot", true, [this](uint32_t, const std::stop_token&) {
    clock_.Advance(45ms);
    return Finding{true, ""};
  });
  EXPECT_EQ(Start().get().checks[0].duration, 45ms);
}

TEST_F(CheckRunnerTest, AGlanceDoesNotFailWhatTakesItsTime) {
  Add("scripts", true, HangsUntilStopped());
  CheckRunner runner(std::move(checks_), clock_);
  auto glance = std::async(std::launch::async, [&] { return runner.Glance({}); });
  clock_.AwaitWaiters(1);
  clock_.Advance(20s);
  const Report report = glance.get();
  EXPECT_EQ(report.State(), HealthState::kHealthy);
  EXPECT_EQ(report.checks[0].result, CheckResult::kRunning);
  // With the check's own words before it, where it had begun.
  EXPECT_THAT(report.checks[0].output, EndsWith("out of time after 20 s"));
}

TEST_F(CheckRunnerTest, ASingleRoundHasItsTime) {
  Add("scripts", true, HangsUntilStopped());
  CheckRunner runner(std::move(checks_), clock_);
  auto round = std::async(std::launch::async, [&] { return runner.RunOnce(60s, {}); });
  clock_.AwaitWaiters(1);
  clock_.Advance(60s);
  const std::string failure = round.get().CriticalFailure();
  EXPECT_THAT(failure, StartsWith("scripts: "));
  EXPECT_THAT(failure, EndsWith("out of time after 60 s"));
}

TEST_F(CheckRunnerTest, ACheckMayWaitUntilTheMachineIsUpForAWhile) {
  clock_.Reboot();
  clock_.Advance(20s);
  Add("journal", true, PassesAt(1), {.after = 60s});
  auto verdict = Start();
  clock_.AwaitWaiters(2);
  clock_.Advance(40s);
  const Report report = verdict.get();
  EXPECT_EQ(report.State(), HealthState::kHealthy);
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_EQ(seen_[0].checks[0].result, CheckResult::kRunning);
  EXPECT_EQ(seen_[0].checks[0].output, "waits until the machine has been up for 60 s");
  EXPECT_EQ(report.checks[0].attempts, 1u);
}

TEST_F(CheckRunnerTest, AMachineThatIsUpForLongEnoughIsNotWaitedFor) {
  clock_.Reboot();
  clock_.Advance(60s);
  Add("journal", true, PassesAt(1), {.after = 60s});
  EXPECT_EQ(Start().get().checks[0].attempts, 1u);
}

}  // namespace
}  // namespace matic::health
