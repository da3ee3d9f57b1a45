#include "agent/notices/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::notices {
namespace {

using namespace std::chrono_literals;
using engine::Phase;
using health::CheckReport;
using health::CheckResult;
using notify::Event;
using notify::Level;
using ::testing::HasSubstr;

constexpr std::chrono::hours kDay{24};
constexpr WallTime kEnd{365 * kDay};

engine::Schedule At(Phase phase, const std::string& id = "sched-1") {
  engine::Schedule schedule;
  schedule.id = id;
  schedule.state = engine::ScheduleState::kInProgress;
  schedule.phase = phase;
  schedule.version = "2.0";
  return schedule;
}

health::Report With(CheckResult service, CheckResult load = CheckResult::kPassed) {
  health::Report report;
  report.checks = {
      {.name = "service", .critical = true, .result = service, .output = "sshd.service is failed"},
      {.name = "load", .critical = false, .result = load, .output = "9.5 is above 8"}};
  return report;
}

class WatchTest : public testing::Test {
 protected:
  Watch watch_{1h};
};

TEST_F(WatchTest, APhaseThatLastsTooLongIsToldOnce) {
  EXPECT_FALSE(watch_.LookAt(At(Phase::kFetching), 10min));
  EXPECT_FALSE(watch_.LookAt(At(Phase::kFetching), 69min));
  const auto message = watch_.LookAt(At(Phase::kFetching), 70min);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->event, Event::kLongRunning);
  EXPECT_EQ(message->level, Level::kWarning);
  EXPECT_EQ(message->body, "It has been in fetching for 60 minutes.");
  EXPECT_FALSE(watch_.LookAt(At(Phase::kFetching), 300min));
}

TEST_F(WatchTest, EachPhaseAndEachScheduleHasItsOwnTime) {
  watch_.LookAt(At(Phase::kFetching), 0min);
  EXPECT_TRUE(watch_.LookAt(At(Phase::kFetching), 60min));
  EXPECT_FALSE(watch_.LookAt(At(Phase::kOnTrial), 61min));
  EXPECT_FALSE(watch_.LookAt(At(Phase::kOnTrial), 120min));
  EXPECT_TRUE(watch_.LookAt(At(Phase::kOnTrial), 121min));
  EXPECT_FALSE(watch_.LookAt(At(Phase::kFetching, "sched-2"), 122min));
  EXPECT_TRUE(watch_.LookAt(At(Phase::kFetching, "sched-2"), 182min));
}

TEST_F(WatchTest, WaitingIsNotLongRunning) {
  engine::Schedule window = At(Phase::kChecking);
  window.waiting_until = kEnd;
  engine::Schedule person = At(Phase::kStaged, "sched-2");
  person.reason = "staged; waits to be activated";
  engine::Schedule ended = At(Phase::kNone, "sched-3");
  ended.state = engine::ScheduleState::kFailed;
  for (const auto& schedule : {At(Phase::kWaiting, "sched-0"), window, person, ended}) {
    EXPECT_FALSE(watch_.LookAt(schedule, 0min)) << schedule.id;
    EXPECT_FALSE(watch_.LookAt(schedule, 5000min)) << schedule.id;
  }
  // Staged with nothing to wait for is at work.
  EXPECT_FALSE(watch_.LookAt(At(Phase::kStaged), 5000min));
  EXPECT_TRUE(watch_.LookAt(At(Phase::kStaged), 5060min));
}

TEST_F(WatchTest, HealthIsToldWhenItGetsWorseAndWhenAllIsWell) {
  EXPECT_FALSE(watch_.LookAt(With(CheckResult::kPassed)));
  const auto degraded = watch_.LookAt(With(CheckResult::kPassed, CheckResult::kFailed));
  ASSERT_TRUE(degraded);
  EXPECT_EQ(degraded->event, Event::kCheckFailed);
  EXPECT_EQ(degraded->level, Level::kWarning);
  EXPECT_EQ(degraded->body, "load (not critical): 9.5 is above 8");
  EXPECT_FALSE(watch_.LookAt(With(CheckResult::kPassed, CheckResult::kFailed)));
  const auto unhealthy = watch_.LookAt(With(CheckResult::kFailed, CheckResult::kFailed));
  ASSERT_TRUE(unhealthy);
  EXPECT_EQ(unhealthy->level, Level::kError);
  EXPECT_THAT(unhealthy->body, HasSubstr("service: sshd.service is failed\n"));
  EXPECT_FALSE(watch_.LookAt(With(CheckResult::kPassed, CheckResult::kFailed)));  // better
  const auto well = watch_.LookAt(With(CheckResult::kPassed));
  ASSERT_TRUE(well);
  EXPECT_EQ(well->level, Level::kInfo);
  EXPECT_EQ(well->title, "Healthy again");
}

TEST_F(WatchTest, AReportThatIsNotDoneSaysNothing) {
  ASSERT_TRUE(watch_.LookAt(With(CheckResult::kFailed)));
  EXPECT_FALSE(watch_.LookAt(With(CheckResult::kRunning)));
  EXPECT_FALSE(watch_.LookAt(With(CheckResult::kFailed)));
}

TEST_F(WatchTest, ACertificatesEndIsToldAtEachMark) {
  EXPECT_FALSE(watch_.LookAtCertificate(kEnd, kEnd - 31 * kDay));
  struct Case {
    WallTime now;
    Level level;
    std::string title;
  };
  const Case cases[] = {{kEnd - 30 * kDay, Level::kWarning, "The API's certificate expires soon"},
                        {kEnd - 6 * kDay, Level::kWarning, "The API's certificate expires soon"},
                        {kEnd - 1 * kDay, Level::kError, "The API's certificate expires soon"},
                        {kEnd + 1s, Level::kError, "The API's certificate has expired"}};
  for (const Case& c : cases) {
    const auto message = watch_.LookAtCertificate(kEnd, c.now);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->event, Event::kCertificateExpiring);
    EXPECT_EQ(message->level, c.level);
    EXPECT_EQ(message->title, c.title);
    EXPECT_THAT(message->body, HasSubstr(FormatTime(kEnd)));
    EXPECT_FALSE(watch_.LookAtCertificate(kEnd, c.now + 1min));
  }
  // A new one is watched anew.
  EXPECT_FALSE(watch_.LookAtCertificate(kEnd + 365 * kDay, kEnd));
  EXPECT_TRUE(watch_.LookAtCertificate(kEnd + 365 * kDay, kEnd + 364 * kDay));
}

}  // namespace
}  // namespace matic::notices
