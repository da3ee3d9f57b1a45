#include "agent/engine/schedule_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/engine/state_folder.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// 2026-01-27T01:00:00Z.
const WallTime kNow{std::chrono::seconds(1769475600)};

Schedule MakeSchedule(const std::string& id, ScheduleState state = ScheduleState::kCompleted) {
  Schedule schedule;
  schedule.id = id;
  schedule.request = {.source = "https://example.com/2.0.squashfs",
                      .sha256 = std::string(64, '2'),
                      .enable_auto_rollback = true,
                      .health_check_timeout = 120s,
                      .stop_after = StopAfter::kStaged,
                      .force = {"quarantine"},
                      .request_id = "request-" + id};
  schedule.state = state;
  schedule.phase = HasEnded(state) ? Phase::kNone : Phase::kFetching;
  schedule.target = "slot-b";
  schedule.previous = "slot-a";
  schedule.version = "2.0";
  schedule.reason = "because";
  schedule.created = schedule.updated = kNow;
  schedule.requested_by = "admin alice";
  return schedule;
}

std::string IdOf(int number) {
  const std::string digits = std::to_string(number);
  return "sched-20260127-" + std::string(3 - digits.size(), '0') + digits;
}

struct LoadedBook : ScheduleBook {
  explicit LoadedBook(std::filesystem::path file) : ScheduleBook(std::move(file)) {
    EXPECT_THAT(Load(), IsEmpty());
  }
};

class ScheduleBookTest : public testing::Test {
 protected:
  LoadedBook Open() const { return LoadedBook(folder_.File(kScheduleFile)); }
  std::string NextId(const ScheduleBook& book, WallTime now = kNow) const {
    Result<std::string> id = book.NextId(now);
    return id ? *id : "refused: " + id.error().message;
  }

  StateFolder folder_;
};

TEST_F(ScheduleBookTest, AScheduleComesBackAsItWas) {
  ASSERT_TRUE(Open().Put(MakeSchedule(IdOf(1), ScheduleState::kInProgress), true));
  const LoadedBook book = Open();
  const Schedule* read = book.Find(IdOf(1));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->request.source, "https://example.com/2.0.squashfs");
  EXPECT_EQ(read->request.sha256, std::string(64, '2'));
  EXPECT_TRUE(read->request.enable_auto_rollback);
  EXPECT_EQ(read->request.health_check_timeout, 120s);
  EXPECT_EQ(read->request.stop_after, StopAfter::kStaged);
  EXPECT_TRUE(read->request.Forces(kForceQuarantine));
  EXPECT_EQ(read->request.request_id, "request-" + IdOf(1));
  EXPECT_EQ(read->state, ScheduleState::kInProgress);
  EXPECT_EQ(read->phase, Phase::kFetching);
  EXPECT_EQ(read->target, "slot-b");
  EXPECT_EQ(read->previous, "slot-a");
  EXPECT_EQ(read->version, "2.0");
  EXPECT_EQ(read->reason, "because");
  EXPECT_EQ(read->created, kNow);
  EXPECT_EQ(read->requested_by, "admin alice");
}

TEST_F(ScheduleBookTest, IdsCountWithinTheDay) {
  LoadedBook book = Open();
  EXPECT_EQ(NextId(book), "sched-20260127-001");
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1)), true));
  EXPECT_EQ(NextId(book), "sched-20260127-002");
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(9)), true));
  EXPECT_EQ(NextId(book), "sched-20260127-010") << "none is given out twice, gaps or not";
  EXPECT_EQ(NextId(book, kNow + 24h), "sched-20260128-001");
  // The clock was set back: that day's ids are free, and no later day's is in the way.
  EXPECT_EQ(NextId(book, kNow - 24h), "sched-20260126-001");
}

TEST_F(ScheduleBookTest, ADayHas999) {
  LoadedBook book = Open();
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(998)), false));
  EXPECT_EQ(NextId(book), "sched-20260127-999");
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(999)), false));
  EXPECT_EQ(NextId(book), "refused: 999 updates were scheduled today; try again tomorrow");
  EXPECT_EQ(NextId(book, kNow + 24h), "sched-20260128-001");
}

TEST_F(ScheduleBookTest, TheOldestThatEndedAreForgotten) {
  LoadedBook book = Open();
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1), ScheduleState::kInProgress), false));
  for (int i = 2; i <= static_cast<int>(kMaxSchedules) + 1; ++i) {
    ASSERT_TRUE(book.Put(MakeSchedule(IdOf(i)), false));
  }
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(500)), true));
  EXPECT_NE(book.Find(IdOf(1)), nullptr) << "it has not ended";
  EXPECT_EQ(book.Find(IdOf(2)), nullptr);
  EXPECT_EQ(book.Find(IdOf(3)), nullptr);
  EXPECT_NE(book.Find(IdOf(4)), nullptr);
  EXPECT_THAT(Open().Newest(1000), SizeIs(kMaxSchedules));
}

TEST_F(ScheduleBookTest, LargeSchedulesDoNotOutgrowTheFile) {
  LoadedBook book = Open();
  for (int i = 1; i <= 60; ++i) {
    Schedule large =
        MakeSchedule(IdOf(i), i == 1 ? ScheduleState::kInProgress : ScheduleState::kCompleted);
    large.reason = std::string(100'000, 'r');
    ASSERT_TRUE(book.Put(large, i > 58));
  }
  const LoadedBook again = Open();
  EXPECT_THAT(again.Newest(1000), SizeIs(41)) << "4 MiB of them";
  EXPECT_NE(again.Find(IdOf(1)), nullptr) << "it has not ended";
  EXPECT_EQ(again.Find(IdOf(2)), nullptr);
  EXPECT_NE(again.Find(IdOf(60)), nullptr);
  EXPECT_THAT(book.Newest(1000), SizeIs(41)) << "what the file does not hold is not shown either";
}

TEST_F(ScheduleBookTest, WhatCannotBeReadDoesNotOutgrowTheFileEither) {
  json unreadable = json::array();
  for (int i = 1; i <= 40; ++i) {
    unreadable.push_back({{"id", IdOf(i)}, {"state", std::string(100'000, 's')}});
  }
  folder_.SetJson(kScheduleFile, {{"version", 1}, {"schedules", unreadable}});
  LoadedBook book = Open();
  Schedule large = MakeSchedule(IdOf(41), ScheduleState::kInProgress);
  large.reason = std::string(1'000'000, 'r');
  ASSERT_TRUE(book.Put(large, true));
  const LoadedBook again = Open();
  EXPECT_NE(again.Find(IdOf(41)), nullptr);
  EXPECT_EQ(NextId(again), IdOf(42));
}

TEST_F(ScheduleBookTest, NewestFirst) {
  LoadedBook book = Open();
  for (int i : {2, 3, 1}) ASSERT_TRUE(book.Put(MakeSchedule(IdOf(i)), true));
  const std::vector<Schedule> newest = book.Newest(2);
  ASSERT_THAT(newest, SizeIs(2));
  EXPECT_EQ(newest[0].id, IdOf(3));
  EXPECT_EQ(newest[1].id, IdOf(2));
  EXPECT_EQ(book.Find("")->id, IdOf(3));
}

TEST_F(ScheduleBookTest, TheOneUnderWayIsMeantWhereNoIdIsGiven) {
  LoadedBook book = Open();
  ASSERT_TRUE(book.Put(MakeSchedule("sched-19700101-001", ScheduleState::kInProgress), true));
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1)), true));
  EXPECT_EQ(book.Find("")->id, "sched-19700101-001");
  EXPECT_EQ(book.Active()->id, "sched-19700101-001");
}

TEST_F(ScheduleBookTest, RequestsAreFoundAgain) {
  ASSERT_TRUE(Open().Put(MakeSchedule(IdOf(1)), true));
  const LoadedBook book = Open();
  ASSERT_NE(book.FindRequest("request-" + IdOf(1)), nullptr);
  EXPECT_EQ(book.FindRequest("another"), nullptr);
  EXPECT_EQ(book.FindRequest(""), nullptr);
}

TEST_F(ScheduleBookTest, EveryPutIsANewRevision) {
  LoadedBook book = Open();
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1)), true));
  const uint64_t first = book.Revision(IdOf(1));
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1)), false));
  EXPECT_GT(book.Revision(IdOf(1)), first);
}

TEST_F(ScheduleBookTest, ProgressIsNotWorthAWrite) {
  LoadedBook book = Open();
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1), ScheduleState::kInProgress), true));
  const std::string before = folder_.Text(kScheduleFile);
  Schedule progressed = *book.Find(IdOf(1));
  progressed.progress.bytes_done = 5;
  ASSERT_TRUE(book.Put(progressed, false));
  EXPECT_EQ(folder_.Text(kScheduleFile), before);
}

TEST_F(ScheduleBookTest, UnknownKeysAreKept) {
  ASSERT_TRUE(Open().Put(MakeSchedule(IdOf(1), ScheduleState::kInProgress), true));
  json file = folder_.Json(kScheduleFile);
  file["paused_by"] = "bob";
  file["schedules"][0]["window"] = "01:00";
  folder_.SetJson(kScheduleFile, file);

  LoadedBook book = Open();
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1)), true));
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(2)), true));
  const json after = folder_.Json(kScheduleFile);
  EXPECT_EQ(after.at("paused_by"), "bob");
  EXPECT_EQ(after.at("schedules")[0].at("window"), "01:00");
  EXPECT_EQ(after.at("schedules")[0].at("state"), "completed");
  EXPECT_FALSE(after.at("schedules")[1].contains("window"));
}

TEST_F(ScheduleBookTest, AScheduleOfANewerAgentIsKeptAndItsIdStaysTaken) {
  ASSERT_TRUE(Open().Put(MakeSchedule(IdOf(1)), true));
  json file = folder_.Json(kScheduleFile);
  file["schedules"][0]["state"] = "postponed";
  folder_.SetJson(kScheduleFile, file);

  LoadedBook book = Open();
  EXPECT_EQ(book.Find(IdOf(1)), nullptr);
  EXPECT_EQ(NextId(book), IdOf(2));
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(2)), true));
  EXPECT_EQ(folder_.Json(kScheduleFile).at("schedules")[0].at("state"), "postponed");
}

TEST_F(ScheduleBookTest, APhaseOfANewerAgentIsNoReasonToLoseASchedule) {
  ASSERT_TRUE(Open().Put(MakeSchedule(IdOf(1), ScheduleState::kInProgress), true));
  json file = folder_.Json(kScheduleFile);
  file["schedules"][0]["phase"] = "measuring";
  folder_.SetJson(kScheduleFile, file);
  ASSERT_NE(Open().Find(IdOf(1)), nullptr);
}

TEST_F(ScheduleBookTest, ACorruptFileIsSetAsideAndReported) {
  folder_.SetText(kScheduleFile, "{\"schedules\": [");
  ScheduleBook book(folder_.File(kScheduleFile));
  EXPECT_THAT(book.Load(), HasSubstr("set aside"));
  EXPECT_EQ(folder_.Text(std::string(kScheduleFile) + ".bad-1"), "{\"schedules\": [");
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1)), true));
  EXPECT_NE(Open().Find(IdOf(1)), nullptr);
}

TEST_F(ScheduleBookTest, AFileOfBracketsEndsNoAgent) {
  folder_.SetText(kScheduleFile,
                  "{\"x\":" + std::string(500'000, '[') + std::string(500'000, ']') + "}");
  ScheduleBook book(folder_.File(kScheduleFile));
  EXPECT_THAT(book.Load(), HasSubstr("nested too deeply"));
  ASSERT_TRUE(book.Put(MakeSchedule(IdOf(1)), true));
  EXPECT_NE(Open().Find(IdOf(1)), nullptr);
}

TEST_F(ScheduleBookTest, AWriteThatFailsKeepsItInMemory) {
  LoadedBook book = Open();
  folder_.Block(kScheduleFile);
  const Result<> put = book.Put(MakeSchedule(IdOf(1)), true);
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message, HasSubstr(kScheduleFile));
  EXPECT_NE(book.Find(IdOf(1)), nullptr);
}

}  // namespace
}  // namespace matic::engine
