#include "osctl/fleet/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/os/durable_file.h"
#include "osctl/fleet/journal/database.h"
#include "osctl/fleet/journal/run_lock.h"
#include "osctl/fleet/planner/plan_json.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

WallTime At(int seconds) { return WallTime(std::chrono::seconds(1'772'000'000 + seconds)); }

Plan MakePlanOfTwo() {
  Plan plan{.fleet = "home", .settings = {}, .machines = {}, .groups = {}, .left_out = {}};
  plan.settings.rollback_on_failure = RollbackScope::kWave;
  plan.settings.reboots = RebootOrder::kAfterAll;
  plan.settings.blackouts = {*calendar::ParseDateRange("2026-12-24..2026-12-26")};
  plan.machines = {
      {.name = "a",
       .target = {ImageTarget{"https://h/2.squashfs", std::string(64, '1')}, "2.0", "11"}},
      {.name = "b",
       .target = {FlakeTarget{"/etc/nixos#b", "switch"}, "", ""},
       .work = Work::kReboot,
       .note = "staged"}};
  PlannedGroup web;
  web.name = "web";
  web.waves = {{.canary = true, .machines = {0}}, {.canary = false, .machines = {1}}};
  web.members = {"a", "b"};
  web.windows = {*calendar::ParseWindow("Sun 02:00-05:00")};
  web.timezone = "Europe/Vienna";
  web.soak = std::chrono::seconds(300);
  plan.groups = {web};
  plan.left_out = {{"c", "web", LeftOutReason::kOffline, "no route"}};
  return plan;
}

class JournalTest : public testing::Test {
 protected:
  std::unique_ptr<Journal> Open() {
    Result<std::unique_ptr<Journal>> journal = Journal::Open(file_);
    EXPECT_TRUE(journal) << journal.error().message;
    return journal ? *std::move(journal) : nullptr;
  }
  static RunRecord Run(const std::string& id, int at = 0) {
    return {.id = id,
            .fleet = "home",
            .created = At(at),
            .requested_by = "alice@controller",
            .plan = MakePlanOfTwo(),
            .addresses = {{"a", "10.0.0.1:50051"}, {"c", "ssh://root@c"}}};
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "home.journal";
};

TEST_F(JournalTest, WhatWasWrittenIsReadByTheNextProcess) {
  ASSERT_TRUE(Open()->Begin(Run("run-1")));
  auto journal = Open();
  const auto number = journal->Append("run-1", {At(1), Started{}});
  ASSERT_TRUE(number) << number.error().message;
  ASSERT_TRUE(journal->Append("run-1", {At(2), Begun{Step::kStage, "a", 0}}));

  journal = Open();
  const auto run = journal->Find("run-1");
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->plan, MakePlanOfTwo());
  EXPECT_EQ(run->addresses, Run("").addresses);
  EXPECT_EQ(run->created, At(0));
  EXPECT_FALSE(run->finished);
  const auto all = journal->EventsAfter("run-1", 0);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[1].event, (Event{At(2), Begun{Step::kStage, "a", 0}}));
  EXPECT_EQ(journal->EventsAfter("run-1", *number)->size(), 1u);
}

TEST_F(JournalTest, SeveralProcessesAddToOneRun) {
  const auto carrier = Open();
  const auto wisher = Open();
  ASSERT_TRUE(carrier->Begin(Run("run-1")));
  ASSERT_TRUE(carrier->Append("run-1", {At(1), Started{}}));
  ASSERT_TRUE(wisher->Append("run-1", {At(2), Paused{}}));
  ASSERT_TRUE(carrier->Append("run-1", {At(3), Tick{}}));
  std::vector<std::string_view> names;
  const auto events = carrier->EventsAfter("run-1", 0);
  for (const StoredEvent& stored : *events) names.push_back(NameOf(stored.event.what));
  EXPECT_THAT(names, ElementsAre("started", "paused", "tick"));
}

TEST_F(JournalTest, OneRunAtATime) {
  const auto journal = Open();
  ASSERT_TRUE(journal->Begin(Run("run-1")));
  const auto second = journal->Begin(Run("run-2"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
  EXPECT_THAT(second.error().message, HasSubstr("run-1 has not finished"));
  ASSERT_TRUE(journal->Finish("run-1"));
  EXPECT_TRUE(journal->Begin(Run("run-2", 10)));
  EXPECT_EQ(**journal->Unfinished(), "run-2");
  EXPECT_EQ(**journal->Newest(), "run-2");
}

TEST_F(JournalTest, RunsAreFoundByTheTimeOfTheirBeginning) {
  const auto journal = Open();
  for (int i = 1; i <= 3; ++i) {
    const std::string id = "run-" + std::to_string(i);
    ASSERT_TRUE(journal->Begin(Run(id, i)));
    ASSERT_TRUE(journal->Finish(id));
  }
  EXPECT_THAT(*journal->RunsSince(At(2)), ElementsAre("run-3", "run-2"));
  EXPECT_EQ(journal->Find("run-4").error().code, ErrorCode::kNotFound);
}

TEST_F(JournalTest, OldRunsAreForgottenOnceTheyHaveFinished) {
  const auto journal = Open();
  ASSERT_TRUE(journal->Begin(Run("run-1", 1)));
  ASSERT_TRUE(journal->Append("run-1", Event{At(1), Paused{}}));
  EXPECT_TRUE(journal->FinishedBefore(At(9))->empty());
  ASSERT_TRUE(journal->Forget("run-1"));
  EXPECT_TRUE(journal->Find("run-1"));
  ASSERT_TRUE(journal->Finish("run-1"));
  EXPECT_TRUE(journal->FinishedBefore(At(1))->empty());
  EXPECT_THAT(*journal->FinishedBefore(At(2)), ElementsAre("run-1"));
  ASSERT_TRUE(journal->Forget("run-1"));
  EXPECT_EQ(journal->Find("run-1").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(journal->EventsAfter("run-1", 0)->empty());
}

TEST_F(JournalTest, ADamagedFileIsNamed) {
  ASSERT_TRUE(WriteFileDurably(file_, std::string(4096, 'x')));
  const auto journal = Journal::Open(file_);
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(journal.error().message, HasSubstr("home.journal"));
}

TEST_F(JournalTest, AFolderThatIsMissingIsNamed) {
  const auto journal = Journal::Open(folder_.path() / "gone/home.journal");
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("gone/home.journal"));
}

TEST_F(JournalTest, OneProcessCarriesARunOut) {
  EXPECT_FALSE(RunLock::IsTaken(file_));
  {
    const auto lock = RunLock::Take(file_);
    ASSERT_TRUE(lock) << lock.error().message;
    EXPECT_TRUE(RunLock::IsTaken(file_));
    const auto second = RunLock::Take(file_);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(getpid())));
  }
  EXPECT_FALSE(RunLock::IsTaken(file_));
}

TEST(PlanJsonTest, NothingOutsideThePlanIsNamed) {
  Plan plan = MakePlanOfTwo();
  plan.groups[0].waves[1].machines = {2};
  EXPECT_THAT(ParsePlan(ToJson(plan)).error().message, HasSubstr("waves: no such machine"));
  plan = MakePlanOfTwo();
  plan.groups[0].dependencies = {1};
  EXPECT_THAT(ParsePlan(ToJson(plan)).error().message, HasSubstr("no such group"));
}

TEST(PlanJsonTest, WhatIsNoPlanIsRefused) {
  for (const char* text : {"", "[]", "{}", "{\"fleet\": 1}", "null"}) {
    EXPECT_EQ(ParsePlan(text).error().code, ErrorCode::kCorrupt) << text;
  }
  std::string text = ToJson(MakePlanOfTwo());
  text.replace(text.find("after-all"), 9, "whenever!");
  EXPECT_THAT(ParsePlan(text).error().message, HasSubstr("reboots: 'whenever!' is unknown"));
}

TEST_F(JournalTest, KnowsWhenItLastWentWell) {
  auto journal = Open();
  EXPECT_EQ(*journal->LatestSuccesses(), Successes());
  ASSERT_TRUE(journal->NoteSuccesses({.groups = {{"web", At(1)}, {"db", At(1)}}}));
  EXPECT_EQ(journal->LatestSuccesses()->fleet, std::nullopt);
  ASSERT_TRUE(journal->NoteSuccesses({.fleet = At(2), .groups = {{"db", At(2)}}}));
  journal = Open();
  EXPECT_EQ(*journal->LatestSuccesses(),
            (Successes{.fleet = At(2), .groups = {{"web", At(1)}, {"db", At(2)}}}));
}

TEST_F(JournalTest, OfTheVersionBeforeIsTakenOver) {
  ASSERT_TRUE(Open()->Begin(Run("run-1")));
  {
    auto database = Database::Open(file_);
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->Run("DROP TABLE successes"));
    ASSERT_TRUE((*database)->Run("PRAGMA user_version = 1"));
  }
  const auto journal = Open();
  ASSERT_TRUE(journal);
  EXPECT_EQ(*journal->Unfinished(), "run-1");
  ASSERT_TRUE(journal->NoteSuccesses({.fleet = At(1)}));
  EXPECT_EQ(journal->LatestSuccesses()->fleet, At(1));
}

TEST_F(JournalTest, ItsFolderIsForItsOwnerAlone) {
  const std::filesystem::path folder = folder_.path() / "state/matic/fleet";
  ASSERT_TRUE(MakeJournalFolder(folder));
  ASSERT_TRUE(MakeJournalFolder(folder));
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
  EXPECT_EQ(std::filesystem::status(folder.parent_path()).permissions(),
            std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace matic::fleet
