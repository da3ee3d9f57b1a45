#include "osctl/client/schedule_end.h"

#include <gtest/gtest.h>

#include "osctl/watch.h"

namespace matic::osctl {
namespace {

v1::Schedule In(int state, v1::Phase phase) {
  v1::Schedule schedule;
  schedule.set_state(static_cast<v1::ScheduleState>(state));
  schedule.set_phase(phase);
  return schedule;
}

TEST(ScheduleEnd, KnownStatesSpeakForThemselves) {
  EXPECT_FALSE(HasEnded(In(v1::SCHEDULE_STATE_PENDING, v1::PHASE_UNSPECIFIED)));
  EXPECT_FALSE(HasEnded(In(v1::SCHEDULE_STATE_IN_PROGRESS, v1::PHASE_STAGED)));
  EXPECT_TRUE(HasEnded(In(v1::SCHEDULE_STATE_COMPLETED, v1::PHASE_UNSPECIFIED)));
  EXPECT_TRUE(HasEnded(In(v1::SCHEDULE_STATE_FAILED, v1::PHASE_UNSPECIFIED)));
  EXPECT_TRUE(HasEnded(In(v1::SCHEDULE_STATE_ROLLED_BACK, v1::PHASE_UNSPECIFIED)));
  EXPECT_TRUE(HasEnded(In(v1::SCHEDULE_STATE_CANCELLED, v1::PHASE_STAGING)));
}

TEST(ScheduleEnd, AnUnknownStateIsOverOnceNothingIsDoneAnyMore) {
  constexpr int kOfANewerAgent = 99;
  EXPECT_FALSE(HasEnded(In(kOfANewerAgent, v1::PHASE_REBOOTING)));
  EXPECT_FALSE(HasEnded(In(kOfANewerAgent, static_cast<v1::Phase>(99))));
  EXPECT_TRUE(HasEnded(In(kOfANewerAgent, v1::PHASE_UNSPECIFIED)));
  EXPECT_EQ(OutcomeCode(static_cast<v1::ScheduleState>(kOfANewerAgent)), ExitCode::kUpdateFailed);
}

}  // namespace
}  // namespace matic::osctl
