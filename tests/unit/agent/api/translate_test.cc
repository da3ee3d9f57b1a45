#include "agent/api/translate.h"

#include <gtest/gtest.h>

#include "agent/api/audit.h"

namespace matic::api {
namespace {

TEST(ToScheduleRequestTest, DigestIsLowerCaseAndZeroTimeoutIsTheDefault) {
  v1::ScheduleUpdateRequest request;
  request.set_sha256("ABCDEF0123456789");
  const engine::ScheduleRequest result = ToScheduleRequest(request);
  EXPECT_EQ(result.sha256, "abcdef0123456789");
  EXPECT_FALSE(result.health_check_timeout.has_value());
  EXPECT_EQ(result.stop_after, engine::StopAfter::kNothing);
}

TEST(ToMessageTest, AReportThatNobodyFilledInIsNotHealthy) {
  EXPECT_EQ(ToMessage(health::Report{}).state(), v1::HEALTH_STATE_UNSPECIFIED);
}

TEST(DescribeTest, IsOneLineWithoutSecrets) {
  v1::ScheduleUpdateRequest request;
  request.set_source("https://bob:secret@host/os\n");
  request.add_force("quarantine");
  EXPECT_EQ(Describe(request), "source: \"https://host/os\\n\" force: \"quarantine\"");
}

}  // namespace
}  // namespace matic::api
