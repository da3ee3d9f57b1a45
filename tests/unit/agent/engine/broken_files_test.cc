// The state folder's files, damaged: the agent goes on, nothing is deleted, and what it writes next
// is good again. A file that is set aside is told of, and nothing else is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/history.h"
#include "agent/engine/schedule_book.h"
#include "agent/engine/state_store.h"
#include "tests/fakes/broken_text.h"
#include "tests/unit/agent/engine/state_folder.h"
#include "tests/unit/agent/update/cases.h"

namespace matic::engine {
namespace {

using testing::HasSubstr;

constexpr size_t kTexts = 300;
const WallTime kNow{std::chrono::seconds(1769475600)};  // 2026-01-27T01:00:00Z

class BrokenFiles : public testing::Test {
 protected:
  // Every text in turn is what the file holds.
  template <typename Look>
  void ForEach(const char* name, Look look) {
    const std::string good = folder_.Text(name);
    ASSERT_FALSE(good.empty());
    for (const std::string& text : fakes::Broken(good, kTexts)) {
      folder_.Restore({{name, text}});
      look(text);
      if (HasFailure()) FAIL() << "with " << text.size() << " bytes: " << text.substr(0, 3000);
    }
  }

  // A file that was not understood lies beside it as it was.
  void ExpectKept(const std::string& name, const std::string& text) {
    EXPECT_FALSE(folder_.Has(name));
    EXPECT_EQ(folder_.Text(name + ".bad-1"), text);
  }

  StateFolder folder_;
};

Schedule SomeSchedule() {
  Schedule schedule;
  schedule.id = "sched-20260127-001";
  schedule.request.source = "https://example.com/2.0.squashfs";
  schedule.request.sha256 = std::string(64, '2');
  schedule.request.force = {"quarantine"};
  schedule.request.request_id = "a";
  schedule.state = ScheduleState::kInProgress;
  schedule.phase = Phase::kFetching;
  schedule.created = schedule.updated = kNow;
  return schedule;
}

TEST_F(BrokenFiles, TheState) {
  AgentState state;
  state.update = update::Trying{update::MakeTrial()};
  state.previous_partition = "slot-a";
  state.quarantine = {{.digest = std::string(64, '3'), .reason = "api: refused", .time = ""}};
  ASSERT_TRUE(StateStore(folder_.File(kStateFile)).Save(state));
  ForEach(kStateFile, [&](const std::string& text) {
    StateStore store(folder_.File(kStateFile));
    const StateStore::Loaded loaded = store.Load();
    EXPECT_LE(loaded.problem.size(), 1000U);
    EXPECT_LE(loaded.state.quarantine.size(), kMaxQuarantine);
    if (!loaded.problem.empty()) {
      EXPECT_EQ(loaded.state.update, update::UpdateState(update::Idle{}));
    }
    const bool whole = loaded.problem.find("set aside") != std::string::npos;
    if (whole) ExpectKept(kStateFile, text);
    ASSERT_TRUE(store.Save(loaded.state));
    // Of the part alone that was not understood, the next file still tells.
    if (!loaded.problem.empty() && !whole) {
      EXPECT_THAT(folder_.Text(kStateFile), HasSubstr("not_understood"));
    }
    const StateStore::Loaded again = StateStore(folder_.File(kStateFile)).Load();
    EXPECT_EQ(again.problem, "");
    EXPECT_EQ(again.state.update, loaded.state.update);
  });
}

TEST_F(BrokenFiles, TheSchedules) {
  {
    ScheduleBook book(folder_.File(kScheduleFile));
    ASSERT_EQ(book.Load(), "");
    ASSERT_TRUE(book.Put(SomeSchedule(), true));
  }
  ForEach(kScheduleFile, [&](const std::string& text) {
    ScheduleBook book(folder_.File(kScheduleFile));
    const std::string problem = book.Load();
    EXPECT_LE(problem.size(), 1000U);
    if (!problem.empty()) ExpectKept(kScheduleFile, text);
    const Result<std::string> id = book.NextId(kNow);
    ASSERT_TRUE(id) << id.error().message;
    EXPECT_EQ(book.Find(*id), nullptr);
    Schedule next = SomeSchedule();
    next.id = *id;
    ASSERT_TRUE(book.Put(next, true));
    ScheduleBook again(folder_.File(kScheduleFile));
    EXPECT_EQ(again.Load(), "");
    ASSERT_NE(again.Find(*id), nullptr);
  });
}

TEST_F(BrokenFiles, TheHistory) {
  const RecordedOutcome rollback{
      .id = "boot-1/1",
      .time = "2026-01-27T01:00:00Z",
      .boot_id = "boot-1",
      .outcome = {.schedule_id = "sched-20260127-001",
                  .end = update::Outcome::End::kRolledBack,
                  .reason = "api: refused",
                  .image = update::MakeImage(),
                  .verdict = update::Verdict::kQuarantine,
                  .rollback = update::RollbackFact{update::RollbackKind::kAutomatic, "slot-b",
                                                   "slot-a", ""}}};
  ASSERT_TRUE(History(folder_.File(kHistoryFile)).Record(rollback));
  RecordedOutcome next = rollback;
  next.id = "boot-2/1";
  next.outcome.reason = "next";
  ForEach(kHistoryFile, [&](const std::string&) {
    History history(folder_.File(kHistoryFile));
    ASSERT_TRUE(history.Events(500, std::nullopt));
    const auto written = history.Record(next);
    ASSERT_TRUE(written) << written.error().message;
    const auto rollbacks = history.Rollbacks(500);
    ASSERT_TRUE(rollbacks);
    ASSERT_FALSE(rollbacks->empty());
    EXPECT_EQ(rollbacks->front().reason, "next");
  });
}

}  // namespace
}  // namespace matic::engine
