#include "agent/engine/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/engine/state_folder.h"
#include "tests/unit/agent/update/cases.h"

namespace matic::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RecordedOutcome MakeRollback(int number, const std::string& reason = "api: refused") {
  return {.id = "boot-1/" + std::to_string(number),
          .time = "2026-01-27T01:00:00Z",
          .boot_id = "boot-1",
          .outcome = {.schedule_id = "sched-" + std::to_string(number),
                      .end = update::Outcome::End::kRolledBack,
                      .reason = reason,
                      .image = update::MakeImage(),
                      .verdict = update::Verdict::kQuarantine,
                      .rollback = update::RollbackFact{update::RollbackKind::kAutomatic, "slot-b",
                                                       "slot-a", ""}}};
}

class HistoryTest : public testing::Test {
 protected:
  std::vector<RollbackRecord> Rollbacks(size_t limit = 100) const {
    Result<std::vector<RollbackRecord>> records = history_.Rollbacks(limit);
    EXPECT_TRUE(records);
    return *records;
  }

  StateFolder folder_;
  History history_{folder_.File(kHistoryFile)};
};

TEST_F(HistoryTest, NothingYet) { EXPECT_THAT(Rollbacks(), IsEmpty()); }

TEST_F(HistoryTest, ARollbackIsToldInFull) {
  RecordedOutcome outcome = MakeRollback(1);
  outcome.outcome.rollback->kind = update::RollbackKind::kManual;
  outcome.outcome.rollback->requested_by = "alice";
  ASSERT_TRUE(history_.Record(outcome));
  const std::vector<RollbackRecord> records = Rollbacks();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(FormatTime(records[0].time), "2026-01-27T01:00:00Z");
  EXPECT_EQ(records[0].kind, RollbackKind::kManual);
  EXPECT_EQ(records[0].from, "slot-b");
  EXPECT_EQ(records[0].to, "slot-a");
  EXPECT_EQ(records[0].reason, "api: refused");
  EXPECT_EQ(records[0].schedule_id, "sched-1");
  EXPECT_EQ(records[0].digest, update::MakeImage().digest);
  EXPECT_EQ(records[0].version, "2.0");
  EXPECT_EQ(records[0].boot_id, "boot-1");
  EXPECT_EQ(records[0].requested_by, "alice");
}

TEST_F(HistoryTest, NewestFirstAndNoMoreThanAskedFor) {
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(history_.Record(MakeRollback(i)));
  const std::vector<RollbackRecord> records = Rollbacks(2);
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].schedule_id, "sched-5");
  EXPECT_EQ(records[1].schedule_id, "sched-4");
}

TEST_F(HistoryTest, AnEndIsWrittenOnce) {
  ASSERT_TRUE(history_.Record(MakeRollback(1)));
  ASSERT_TRUE(history_.Record(MakeRollback(2)));
  ASSERT_TRUE(history_.Record(MakeRollback(1)));
  EXPECT_THAT(Rollbacks(), SizeIs(2));
}

TEST_F(HistoryTest, OtherEndsAreKeptAndAreNoRollbacks) {
  RecordedOutcome completed = MakeRollback(1);
  completed.outcome.end = update::Outcome::End::kCompleted;
  completed.outcome.rollback.reset();
  ASSERT_TRUE(history_.Record(completed));
  EXPECT_THAT(Rollbacks(), IsEmpty());
  EXPECT_THAT(folder_.Text(kHistoryFile), HasSubstr("\"completed\""));
}

TEST_F(HistoryTest, ATornLastLineSpoilsNoOther) {
  ASSERT_TRUE(history_.Record(MakeRollback(1)));
  ASSERT_TRUE(history_.Record(MakeRollback(2)));
  const std::string whole = folder_.Text(kHistoryFile);
  const size_t second = whole.find('\n') + 1;
  for (size_t length : {second + 1, whole.size() - 2, whole.size() - 1}) {
    folder_.SetText(kHistoryFile, whole.substr(0, length));
    ASSERT_TRUE(history_.Record(MakeRollback(2))) << length;
    ASSERT_TRUE(history_.Record(MakeRollback(3))) << length;
    const std::vector<RollbackRecord> records = Rollbacks();
    ASSERT_THAT(records, SizeIs(3)) << length;
    EXPECT_EQ(records[0].schedule_id, "sched-3");
  }
}

TEST_F(HistoryTest, LinesOfANewerAgentAreKeptAndPassedOver) {
  ASSERT_TRUE(history_.Record(MakeRollback(1)));
  folder_.SetText(kHistoryFile, folder_.Text(kHistoryFile) +
                                    "{\"version\":2,\"rollback\":\"golden\"}\n[]\n7\n\n");
  ASSERT_TRUE(history_.Record(MakeRollback(2)));
  EXPECT_THAT(Rollbacks(), SizeIs(2));
  EXPECT_THAT(folder_.Text(kHistoryFile), HasSubstr("golden"));
}

TEST_F(HistoryTest, PastOneMebibyteTheOlderHalfIsDropped) {
  const std::string reason(100'000, 'x');
  for (int i = 1; i <= 12; ++i) {
    ASSERT_TRUE(history_.Record(MakeRollback(i, reason)));
    EXPECT_LE(std::filesystem::file_size(folder_.File(kHistoryFile)), 1u << 20);
  }
  const std::vector<RollbackRecord> records = Rollbacks();
  EXPECT_GE(records.size(), 4u);
  EXPECT_LT(records.size(), 12u);
  EXPECT_EQ(records.front().schedule_id, "sched-12") << "the newest stay";
  ASSERT_TRUE(history_.Record(MakeRollback(13)));
}

TEST_F(HistoryTest, AReasonWithNewLinesAndBadBytesIsOneLine) {
  ASSERT_TRUE(history_.Record(MakeRollback(1, "first\nsecond \xff")));
  ASSERT_TRUE(history_.Record(MakeRollback(2)));
  const std::vector<RollbackRecord> records = Rollbacks();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_THAT(records[1].reason, HasSubstr("first\nsecond"));
}

TEST_F(HistoryTest, AFileThatCannotBeWrittenIsAnError) {
  std::filesystem::create_directory(folder_.File(kHistoryFile));
  const Result<bool> recorded = history_.Record(MakeRollback(1));
  ASSERT_FALSE(recorded);
  EXPECT_THAT(recorded.error().message, HasSubstr(kHistoryFile));
}

}  // namespace
}  // namespace matic::engine
