#include "agent/api/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "matic/v1/node.pb.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::api {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class AuditTest : public testing::Test {
 protected:
  AuditTest() { reboot_.set_reason("new cable"); }

  fs::path file() const { return folder_ / "audit.jsonl"; }

  std::vector<json> Lines() const {
    std::vector<json> lines;
    const auto kept = LineLog(file(), 1u << 30).Read();
    for (const std::string& line : *kept) lines.push_back(json::parse(line));
    return lines;
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  const Identity alice_{
      rpc::Role::kOperator, "operator alice (10.0.2.2)", "alice", "10.0.2.2", "5f", ""};
  const Identity eve_{rpc::Role::kReader, "reader eve (10.0.2.9)", "eve", "10.0.2.9", "60", ""};
  v1::RebootRequest reboot_;
  const Error denied_{ErrorCode::kPermission, "reader eve may not"};
};

TEST_F(AuditTest, TellsWhoDidWhatFromWhereAndWhatCameOfIt) {
  AuditLog log(file());
  log.Record(alice_, "Reboot", reboot_, nullptr);
  const Error refused{ErrorCode::kRefused, "an update is staging"};
  log.Record(alice_, "TriggerRollback", v1::TriggerRollbackRequest(), &refused);
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0]["method"], "Reboot");
  EXPECT_EQ(lines[0]["who"], "alice");
  EXPECT_EQ(lines[0]["role"], "operator");
  EXPECT_EQ(lines[0]["from"], "10.0.2.2");
  EXPECT_EQ(lines[0]["certificate"], "5f");
  EXPECT_EQ(lines[0]["request"], "reason: \"new cable\"");
  EXPECT_EQ(lines[0]["result"], "done");
  EXPECT_EQ(lines[0]["message"], "");
  EXPECT_EQ(lines[1]["result"], "refused");
  EXPECT_EQ(lines[1]["message"], "an update is staging");
}

TEST_F(AuditTest, LooksAreNotKeptUnlessTheyWereDenied) {
  AuditLog log(file());
  log.Record(alice_, "GetStatus", v1::GetStatusRequest(), nullptr);
  const Error missing{ErrorCode::kNotFound, "no such schedule"};
  log.Record(alice_, "GetScheduleStatus", v1::GetScheduleStatusRequest(), &missing);
  EXPECT_THAT(Lines(), IsEmpty());
  log.Record(eve_, "GetStatus", v1::GetStatusRequest(), &denied_);
  EXPECT_THAT(Lines(), SizeIs(1));
}

TEST_F(AuditTest, KeepsNoPasswordsAndNoBrokenText) {
  AuditLog log(file());
  v1::ScheduleUpdateRequest request;
  request.set_source("https://bob:secret@cdn.example.com/os");
  request.set_request_id("two\nlines");
  log.Record(alice_, "ScheduleUpdate", request, nullptr);
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0].dump(), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(lines[0]["request"], HasSubstr("https://cdn.example.com/os"));
}

TEST_F(AuditTest, KeepsNoPasswordsOfAPlanEither) {
  AuditLog log(file());
  v1::PlanUpdateRequest request;
  request.mutable_update()->set_source("https://bob:secret@cdn.example.com/os?token=secret");
  log.Record(eve_, "PlanUpdate", request, &denied_);
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0].dump(), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(lines[0]["request"], HasSubstr("cdn.example.com/os"));
}

TEST_F(AuditTest, WhoeverIsDeniedAllTheTimePushesNothingOut) {
  AuditLog log(file());
  constexpr uint64_t kCalls = 500;
  for (uint64_t i = 0; i < kCalls; ++i) log.Record(eve_, "Reboot", reboot_, &denied_);
  const uint64_t kept = Lines().size();
  EXPECT_GE(kept, 30u);
  EXPECT_LT(kept, kCalls / 2);
  log.Record(alice_, "Reboot", reboot_, nullptr);
  uint64_t unheard = 0;
  for (const json& line : Lines()) unheard += line["refusals_unheard"].get<uint64_t>();
  EXPECT_EQ(kept + unheard, kCalls);
  EXPECT_EQ(Lines().back()["who"], "alice");
}

TEST_F(AuditTest, IsBounded) {
  AuditLog log(file());
  reboot_.set_reason(std::string(1500, 'x'));
  for (int i = 0; i < 1300; ++i) log.Record(alice_, "Reboot", reboot_, nullptr);
  EXPECT_LE(fs::file_size(file()), 2u << 20);
  EXPECT_GE(fs::file_size(file()), 1u << 20);
}

TEST_F(AuditTest, AFileThatCannotBeWrittenIsAProblemAndStopsNothing) {
  AuditLog log(folder_ / "later/audit.jsonl");
  log.Record(alice_, "Reboot", reboot_, nullptr);
  EXPECT_THAT(log.problem(), HasSubstr("the audit log cannot be written: "));
  fs::create_directories(folder_ / "later");
  log.Record(alice_, "Reboot", reboot_, nullptr);
  EXPECT_EQ(log.problem(), "");
}

TEST_F(AuditTest, WithoutAFileTheLogAloneIsTold) {
  AuditLog log{fs::path()};
  log.Record(alice_, "Reboot", reboot_, nullptr);
  EXPECT_EQ(log.problem(), "");
  EXPECT_FALSE(fs::exists(file()));
}

}  // namespace
}  // namespace matic::api
