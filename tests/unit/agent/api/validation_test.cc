#include "agent/api/validation.h"

#include <gtest/gtest.h>

#include <functional>

namespace matic::api {
namespace {

v1::ScheduleUpdateRequest GoodUpdate() {
  v1::ScheduleUpdateRequest request;
  request.set_source("https://cdn.example.com/os-2.0.squashfs");
  request.set_sha256(std::string(64, 'a'));
  request.set_request_id("fleet-run-17");
  return request;
}

TEST(ValidationTest, TakesAGoodUpdate) {
  EXPECT_TRUE(Validate(GoodUpdate()));
  v1::ScheduleUpdateRequest local = GoodUpdate();
  local.set_source("file:///srv/os.squashfs");
  local.set_sha256(std::string(64, 'F'));
  local.set_request_id("");
  EXPECT_TRUE(Validate(local));
}

TEST(ValidationTest, NamesTheFieldThatIsWrong) {
  struct Case {
    std::function<void(v1::ScheduleUpdateRequest&)> spoil;
    std::string message;
  };
  const Case cases[] = {
      {[](auto& r) { r.set_mode(static_cast<v1::UpdateMode>(9)); }, "mode has the unknown value 9"},
      {[](auto& r) { r.add_inputs("a\nb"); },
       "inputs has a line break or another control character"},
      {[](auto& r) { r.set_source("https://h/" + std::string(2048, 'x')); },
       "source has 2058 bytes; at most 2048 are taken"},
      {[](auto& r) { r.set_source("https://h/a\nb"); },
       "source has a line break or another control character"},
      {[](auto& r) { r.set_sha256("abc"); }, "sha256 has 3 characters, not 64 hex digits"},
      {[](auto& r) { r.set_sha256(std::string(63, 'a') + "g"); },
       "sha256: not hexadecimal: character 64 of 64 is no digit 0-9, a-f"},
      {[](auto& r) { r.set_health_check_timeout_seconds(86401); },
       "health_check_timeout_seconds is longer than a day (86400)"},
      {[](auto& r) { r.set_stop_after(static_cast<v1::StopAfter>(9)); },
       "stop_after has the unknown value 9"},
      {[](auto& r) { r.set_request_id(std::string(129, 'x')); },
       "request_id has 129 bytes; at most 128 are taken"},
  };
  for (const Case& c : cases) {
    v1::ScheduleUpdateRequest request = GoodUpdate();
    c.spoil(request);
    const auto result = Validate(request);
    ASSERT_FALSE(result) << c.message;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(result.error().message, c.message);
  }
}

TEST(ValidationTest, AnEmptyIdMeansTheNewestOnlyWhereNothingChanges) {
  EXPECT_TRUE(Validate(v1::GetScheduleStatusRequest()));
  EXPECT_TRUE(Validate(v1::WatchScheduleRequest()));
  EXPECT_FALSE(Validate(v1::CancelScheduleRequest()));
  EXPECT_FALSE(Validate(v1::ActivateUpdateRequest()));
}

TEST(ValidationTest, BoundsListsAndReasons) {
  v1::ListSchedulesRequest list;
  list.set_limit(500);
  EXPECT_TRUE(Validate(list));
  list.set_limit(501);
  EXPECT_FALSE(Validate(list));
  v1::RebootRequest reboot;
  reboot.set_reason(std::string(1025, 'x'));
  EXPECT_FALSE(Validate(reboot));
  v1::TriggerRollbackRequest rollback;
  rollback.set_reason("a\x1b[31m");
  EXPECT_FALSE(Validate(rollback));
}

}  // namespace
}  // namespace matic::api
