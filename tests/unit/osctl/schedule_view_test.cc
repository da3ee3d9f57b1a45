#include "osctl/schedule_view.h"

#include <gtest/gtest.h>

#include <sstream>

namespace matic::osctl {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kImage = 93'100'000;

// An update as a pipe sees it: every line that is printed, in its order.
class ScheduleViewTest : public testing::Test {
 protected:
  ScheduleViewTest() {
    schedule_.set_id("sched-20260127-001");
    schedule_.set_state(v1::SCHEDULE_STATE_IN_PROGRESS);
    schedule_.set_target("slot-b");
    schedule_.set_previous("slot-a");
    schedule_.set_version("2.0");
  }

  void Enter(v1::Phase phase, const std::string& reason = "") {
    schedule_.set_phase(phase);
    schedule_.set_reason(reason);
    view_.Update(schedule_, now_);
  }

  void Transfer(v1::Phase phase, uint64_t done) {
    schedule_.mutable_progress()->set_bytes_done(done);
    schedule_.mutable_progress()->set_bytes_total(kImage);
    schedule_.mutable_progress()->set_bytes_per_second(20'000'000);
    Enter(phase);
  }

  void End(v1::ScheduleState state, const std::string& reason = "") {
    schedule_.set_state(state);
    schedule_.set_phase(v1::PHASE_UNSPECIFIED);
    schedule_.set_reason(reason);
    view_.Update(schedule_, now_);
    v1::GetStatusResponse status;
    v1::Target* slot = status.add_targets();
    slot->set_name("slot-a");
    slot->set_version("1.9");
    view_.End(schedule_, status);
  }

  v1::Schedule schedule_;
  ScheduleView::Time now_{0};
  std::ostringstream out_;
  LineWriter lines_{out_, Terminal{}};
  ScheduleView view_{lines_};
};

TEST_F(ScheduleViewTest, AGoodUpdate) {
  Transfer(v1::PHASE_FETCHING, 0);
  now_ += 2s;
  Transfer(v1::PHASE_FETCHING, kImage / 2);
  now_ += 250ms;
  Transfer(v1::PHASE_FETCHING, kImage / 2 + 1'000'000);
  now_ += 2s;
  Transfer(v1::PHASE_FETCHING, kImage);
  Transfer(v1::PHASE_VERIFYING, kImage);
  Enter(v1::PHASE_ACTIVATING);
  Enter(v1::PHASE_REBOOTING);
  view_.Lost("Socket closed", now_);
  now_ += 24s;
  view_.Lost("Connection refused", now_);
  Enter(v1::PHASE_ON_TRIAL);
  v1::GetHealthResponse health;
  health.add_checks()->set_name("boot");
  health.mutable_checks(0)->set_result(v1::CHECK_RESULT_PASSED);
  health.add_checks()->set_name("network");
  health.mutable_checks(1)->set_result(v1::CHECK_RESULT_FAILED);
  view_.UpdateHealth(health);
  view_.UpdateHealth(health);
  Enter(v1::PHASE_CONFIRMING);
  End(v1::SCHEDULE_STATE_COMPLETED);
  EXPECT_EQ(out_.str(),
            "Fetching       0 %  0 B of 93.1 MB  20.0 MB/s\n"
            "Fetching      50 %  46.5 MB of 93.1 MB  20.0 MB/s\n"
            "Fetching     done  93.1 MB in 4 s\n"
            "Verifying    done\n"
            "Activating   slot-b\n"
            "Rebooting into slot-b …\n"
            "Rebooting into slot-b …  back after 24 s\n"
            "On trial     boot ok · network failed (not critical)\n"
            "Confirming\n"
            "Completed    running 2.0 on slot-b (was 1.9 on slot-a, kept as the way back)\n");
}

TEST_F(ScheduleViewTest, AFailureIsNotCalledDone) {
  Transfer(v1::PHASE_FETCHING, kImage / 4);
  End(v1::SCHEDULE_STATE_FAILED, "https://h/os: 404 Not Found");
  EXPECT_EQ(out_.str(),
            "Fetching      25 %  23.3 MB of 93.1 MB  20.0 MB/s\n"
            "Failed       https://h/os: 404 Not Found\n");
}

TEST_F(ScheduleViewTest, ARollbackSaysWhy) {
  Enter(v1::PHASE_ROLLING_BACK, "service: matic-agent.service is failed");
  view_.Lost("Socket closed", now_);
  now_ += 21s;
  End(v1::SCHEDULE_STATE_ROLLED_BACK, "service: matic-agent.service is failed");
  EXPECT_EQ(out_.str(),
            "Rolling back to slot-a: service: matic-agent.service is failed\n"
            "Rebooting into slot-a …\n"
            "Rebooting into slot-a …  back after 21 s\n"
            "Rolled back  service: matic-agent.service is failed; running 1.9 on slot-a\n");
}

TEST_F(ScheduleViewTest, AConnectionLostInTheMiddleIsNoReboot) {
  Transfer(v1::PHASE_FETCHING, 0);
  view_.Lost("Connection reset by peer", now_);
  now_ += 3s;
  Transfer(v1::PHASE_FETCHING, kImage / 2);
  EXPECT_EQ(out_.str(),
            "Fetching       0 %  0 B of 93.1 MB  20.0 MB/s\n"
            "Connection lost: Connection reset by peer · trying again\n"
            "The node is back after 3 s\n"
            "Fetching      50 %  46.5 MB of 93.1 MB  20.0 MB/s\n");
}

TEST_F(ScheduleViewTest, WaitingSaysForWhat) {
  schedule_.set_state(v1::SCHEDULE_STATE_PENDING);
  Enter(v1::PHASE_WAITING, "another update runs");
  Enter(v1::PHASE_WAITING, "another update runs");
  Enter(v1::PHASE_WAITING, "the running system is not confirmed");
  EXPECT_EQ(out_.str(),
            "Waiting      another update runs\n"
            "Waiting      the running system is not confirmed\n");
}

}  // namespace
}  // namespace matic::osctl
