#include "agent/engine/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/engine/state_folder.h"
#include "tests/unit/agent/update/cases.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Caller kAlice{"admin alice"};

ScheduleRequest MakeRequest(const std::string& request_id = "") {
  ScheduleRequest request;
  request.source = "https://example.com/2.0.squashfs";
  request.sha256 = std::string(64, '2');
  request.request_id = request_id;
  return request;
}

update::Outcome RolledBack(update::Verdict verdict, update::RollbackKind kind) {
  return {.schedule_id = "sched-20260127-001",
          .end = update::Outcome::End::kRolledBack,
          .reason = "api: refused",
          .image = update::MakeImage(),
          .verdict = verdict,
          .rollback = update::RollbackFact{kind, "slot-b", "slot-a", ""}};
}

class LedgerTest : public testing::Test {
 protected:
  // A ledger as a new agent makes it.
  Ledger& Open() {
    ledger_ = std::make_unique<Ledger>(folder_.path(), 900s, clock_);
    ledger_->SetObserver([this](const HistoryEvent& event) { observed_.push_back(event); });
    ledger_->Load();
    ledger_->SetBootId("boot-1");
    return *ledger_;
  }

  std::string Add(Ledger& ledger) {
    bool created = false;
    Result<Schedule> schedule = ledger.AddSchedule(MakeRequest(), kAlice, &created);
    EXPECT_TRUE(schedule && created);
    return schedule ? schedule->id : "";
  }

  void Advance(Ledger& ledger, update::UpdateState next,
               std::optional<update::Outcome> outcome = std::nullopt) {
    clock_.Advance(1s);  // two ends never have the same time
    ASSERT_TRUE(ledger.Advance({std::move(next), {}, std::move(outcome)}, false));
  }

  // One whole update, to its end.
  void Update(Ledger& ledger, const update::Outcome& outcome) {
    update::Outcome end = outcome;
    end.schedule_id = Add(ledger);
    update::Order order = update::MakeOrder();
    order.schedule_id = end.schedule_id;
    Advance(ledger, update::Staging{order});
    Advance(ledger, update::Idle{}, end);
  }

  bool IsQuarantined(Ledger& ledger) {
    std::string reason;
    return ledger.IsQuarantined(update::MakeImage().digest, &reason);
  }

  static update::Step Activate(std::chrono::seconds health_timeout) {
    update::Trial trial;
    trial.order.health_timeout = health_timeout;
    trial.image.target = "slot-b";
    return {update::Activating{trial}, {}, {}};
  }

  StateFolder folder_;
  fakes::ManualClock clock_;
  std::vector<HistoryEvent> observed_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, ATrialsDeadlineNeverCutsItsHealthChecksShort) {
  Ledger& ledger = Open();
  ASSERT_TRUE(ledger.Advance(Activate(300s), false));
  EXPECT_EQ(ledger.State().trial_deadline_seconds, 900u);

  ASSERT_TRUE(ledger.Advance(Activate(2000s), false));
  EXPECT_EQ(ledger.State().trial_deadline_seconds, 2060u);
  EXPECT_EQ(folder_.Json(kStateFile).at("trial_deadline_seconds"), 2060);

  ASSERT_TRUE(ledger.Advance(Activate(86400s), false));
  EXPECT_EQ(ledger.State().trial_deadline_seconds, 86400u) << "the longest that is read";

  ASSERT_TRUE(ledger.Advance({update::Idle{}, {}, {}}, false));
  EXPECT_EQ(ledger.State().trial_deadline_seconds, 900u);
}

TEST_F(LedgerTest, TheObserverIsToldOfAnEndOnceAlsoAcrossStarts) {
  update::Outcome end = RolledBack(update::Verdict::kNone, update::RollbackKind::kAutomatic);
  end.rollback->failed_boot_id = "boot-0";
  Update(Open(), end);
  Open();
  Open();
  ASSERT_THAT(observed_, SizeIs(2));
  EXPECT_EQ(observed_[0].kind, "scheduled");
  EXPECT_EQ(observed_[1].kind, "rolled-back");
  EXPECT_EQ(observed_[1].summary, "api: refused");
  EXPECT_EQ(observed_[1].failed_boot_id, "boot-0");
}

TEST_F(LedgerTest, AnUpdateIsNotedAsStartedOnceItsTurnHasCome) {
  Ledger& ledger = Open();
  update::Order order;
  order.schedule_id = Add(ledger);
  order.source = "https://user:secret@example.com/2.0.squashfs";
  order.version = "2.0";
  Advance(ledger, update::Waiting{order});
  EXPECT_THAT(observed_, SizeIs(1)) << "scheduled";
  Advance(ledger, update::Staging{order});
  Advance(Open(), update::Staging{order});  // after a restart of the agent
  ASSERT_THAT(observed_, SizeIs(2));
  EXPECT_EQ(observed_[1].kind, "started");
  EXPECT_EQ(observed_[1].schedule_id, order.schedule_id);
  EXPECT_THAT(observed_[1].summary, testing::Not(HasSubstr("secret")));
  const auto events = Open().Events(1, std::nullopt);
  ASSERT_TRUE(events && events->size() == 1);
  EXPECT_EQ(events->front().version, "2.0");
}

TEST_F(LedgerTest, TheObserverIsToldAtTheStartOfAnEndThatThePowerTookFromTheHistory) {
  Update(Open(), RolledBack(update::Verdict::kNone, update::RollbackKind::kAutomatic));
  observed_.clear();
  std::filesystem::remove(folder_.path() / "history.jsonl");
  Open();
  ASSERT_THAT(observed_, SizeIs(1));
  EXPECT_EQ(observed_[0].kind, "rolled-back");
}

TEST_F(LedgerTest, AScheduleFollowsItsUpdate) {
  Ledger& ledger = Open();
  const std::string id = Add(ledger);
  EXPECT_EQ(id, "sched-20260127-001");
  EXPECT_EQ(ledger.FindSchedule(id)->state, ScheduleState::kPending);

  const auto phase = [&] { return ledger.FindSchedule(id)->phase; };
  Advance(ledger, update::Staging{update::MakeOrder()});
  EXPECT_EQ(ledger.FindSchedule(id)->state, ScheduleState::kInProgress);
  EXPECT_EQ(phase(), Phase::kFetching);
  Advance(ledger, update::Staged{update::MakeOrder(), update::MakeImage()});
  EXPECT_EQ(phase(), Phase::kStaged);
  EXPECT_EQ(ledger.FindSchedule(id)->version, "2.0");
  Advance(ledger, update::Activating{update::MakeTrial()});
  EXPECT_EQ(phase(), Phase::kActivating);
  Advance(ledger, update::Activated{update::MakeTrial()});
  EXPECT_EQ(phase(), Phase::kRebooting);
  Advance(ledger, update::Trying{update::MakeStartedTrial()});
  EXPECT_EQ(phase(), Phase::kOnTrial);
  EXPECT_EQ(ledger.FindSchedule(id)->target, "slot-b");
  EXPECT_EQ(ledger.FindSchedule(id)->previous, "slot-a");
  Advance(ledger, update::Confirming{update::MakeStartedTrial(), ""});
  EXPECT_EQ(phase(), Phase::kConfirming);
  Advance(ledger, update::RollingBack{update::MakeStartedTrial(), update::RollbackKind::kAutomatic,
                                      "api: refused", ""});
  EXPECT_EQ(phase(), Phase::kRollingBack);
  EXPECT_EQ(ledger.FindSchedule(id)->reason, "api: refused");
  Advance(ledger, update::Idle{},
          RolledBack(update::Verdict::kQuarantine, update::RollbackKind::kAutomatic));
  EXPECT_EQ(ledger.FindSchedule(id)->state, ScheduleState::kRolledBack);
  EXPECT_EQ(phase(), Phase::kNone);
}

TEST_F(LedgerTest, TheStateFileTellsPreviousPartitionCounterAndTime) {
  Ledger& ledger = Open();
  Add(ledger);
  Advance(ledger, update::Trying{update::MakeStartedTrial()});
  EXPECT_EQ(folder_.Json(kStateFile).at("previous_partition"), "slot-a");
  EXPECT_EQ(folder_.Json(kStateFile).at("boot_counter"), 1);
  EXPECT_EQ(folder_.Json(kStateFile).at("last_update_time"), "");

  update::Outcome completed{.schedule_id = "sched-20260127-001",
                            .end = update::Outcome::End::kCompleted,
                            .reason = {},
                            .image = update::MakeImage(),
                            .stays = true,
                            .rollback = {}};
  Advance(ledger, update::Idle{}, completed);
  EXPECT_EQ(folder_.Json(kStateFile).at("boot_counter"), 0);
  EXPECT_THAT(folder_.Json(kStateFile).at("last_update_time").get<std::string>(),
              HasSubstr("2026-01-27T01:0"));
  EXPECT_EQ(ledger.State().running_digest, update::MakeImage().digest);
  EXPECT_EQ(ledger.State().running_target, "slot-b");
}

TEST_F(LedgerTest, ASystemThatStaysUnhealthyIsStillTheOneThatRuns) {
  Ledger& ledger = Open();
  Update(ledger, {.schedule_id = {},
                  .end = update::Outcome::End::kFailed,
                  .reason = "running, unhealthy: api: refused",
                  .image = update::MakeImage(),
                  .stays = true,
                  .rollback = {}});
  EXPECT_EQ(ledger.State().running_digest, update::MakeImage().digest);
  EXPECT_FALSE(IsQuarantined(ledger));
}

TEST_F(LedgerTest, AVerdictQuarantinesAtOnce) {
  Ledger& ledger = Open();
  Update(ledger, RolledBack(update::Verdict::kQuarantine, update::RollbackKind::kAutomatic));
  std::string reason;
  EXPECT_TRUE(ledger.IsQuarantined(update::MakeImage().digest, &reason));
  EXPECT_THAT(reason, HasSubstr("api: refused"));
  EXPECT_FALSE(ledger.IsQuarantined(std::string(64, '9'), &reason));
  EXPECT_TRUE(IsQuarantined(Open())) << "after a restart as well";
}

TEST_F(LedgerTest, TwoStrikesQuarantine) {
  Update(Open(), RolledBack(update::Verdict::kStrike, update::RollbackKind::kAutomatic));
  EXPECT_FALSE(IsQuarantined(*ledger_));
  Update(Open(), RolledBack(update::Verdict::kStrike, update::RollbackKind::kAutomatic));
  EXPECT_TRUE(IsQuarantined(*ledger_));
}

TEST_F(LedgerTest, ARollbackByHandIsNoVerdict) {
  for (int i = 0; i < 3; ++i) {
    Update(Open(), RolledBack(update::Verdict::kNone, update::RollbackKind::kManual));
  }
  EXPECT_FALSE(IsQuarantined(*ledger_));
  EXPECT_THAT(*ledger_->Rollbacks(10), SizeIs(3));
}

TEST_F(LedgerTest, TheOldestVerdictsAreForgottenAtTheLimit) {
  Ledger& ledger = Open();
  for (size_t i = 0; i <= kMaxQuarantine; ++i) {
    update::Outcome outcome =
        RolledBack(update::Verdict::kQuarantine, update::RollbackKind::kAutomatic);
    outcome.image.digest = "digest-" + std::to_string(i);
    outcome.schedule_id = "";
    Advance(ledger, update::Idle{}, outcome);
  }
  std::string reason;
  EXPECT_FALSE(ledger.IsQuarantined("digest-0", &reason));
  EXPECT_TRUE(ledger.IsQuarantined("digest-1", &reason));
  EXPECT_THAT(ledger.State().quarantine, SizeIs(kMaxQuarantine));
}

TEST_F(LedgerTest, APowerLossAfterTheStateIsMadeUpForAtTheNextStart) {
  Ledger& ledger = Open();
  const std::string id = Add(ledger);
  Advance(ledger, update::Staging{update::MakeOrder()});
  const StateFolder::Contents before = folder_.Save();
  Advance(ledger, update::Idle{},
          RolledBack(update::Verdict::kQuarantine, update::RollbackKind::kAutomatic));
  const StateFolder::Contents after = folder_.Save();

  // The writes that reached the disk, in the order they are made: state, schedules, history.
  StateFolder::Contents only_state = before;
  only_state[kStateFile] = after.at(kStateFile);
  StateFolder::Contents without_history = after;
  without_history.erase(kHistoryFile);
  for (const StateFolder::Contents& left : {only_state, without_history, after}) {
    folder_.Restore(left);
    Ledger& next = Open();
    EXPECT_EQ(next.FindSchedule(id)->state, ScheduleState::kRolledBack);
    EXPECT_EQ(next.FindSchedule(id)->reason, "api: refused");
    EXPECT_THAT(*next.Rollbacks(10), SizeIs(1));
    EXPECT_THAT(*Open().Rollbacks(10), SizeIs(1)) << "told once, however often it is started";
  }
}

TEST_F(LedgerTest, ATornHistoryIsMadeUpForToo) {
  Update(Open(), RolledBack(update::Verdict::kNone, update::RollbackKind::kManual));
  const std::string whole = folder_.Text(kHistoryFile);
  folder_.SetText(kHistoryFile, whole.substr(0, whole.size() / 2));
  EXPECT_THAT(*Open().Rollbacks(10), SizeIs(1));
}

TEST_F(LedgerTest, AScheduleThatHadNotBegunEndsAtTheNextStart) {
  const std::string id = Add(Open());
  Ledger& next = Open();
  EXPECT_EQ(next.FindSchedule(id)->state, ScheduleState::kFailed);
  EXPECT_THAT(next.FindSchedule(id)->reason, HasSubstr("schedule it again"));
  Add(next);
}

TEST_F(LedgerTest, ASecondScheduleThatWasLeftActiveEndsToo) {
  Ledger& ledger = Open();
  const std::string first = Add(ledger);
  const StateFolder::Contents pending = folder_.Save();
  nlohmann::json file = folder_.Json(kScheduleFile);
  file["schedules"].push_back(file["schedules"][0]);
  file["schedules"][1]["id"] = "sched-20260127-002";
  folder_.SetJson(kScheduleFile, file);
  update::Order order = update::MakeOrder();
  order.schedule_id = "sched-20260127-002";
  Advance(ledger, update::Staging{order});
  folder_.SetJson(kScheduleFile, file);

  Ledger& next = Open();
  EXPECT_EQ(next.FindSchedule(first)->state, ScheduleState::kFailed);
  EXPECT_FALSE(HasEnded(next.FindSchedule("sched-20260127-002")->state));
}

TEST_F(LedgerTest, AnUpdateWhoseScheduleWasLostIsShownAllTheSame) {
  Ledger& ledger = Open();
  const std::string id = Add(ledger);
  Advance(ledger, update::Trying{update::MakeStartedTrial()});
  folder_.SetText(kScheduleFile, "garbage");

  Ledger& next = Open();
  ASSERT_TRUE(next.FindSchedule(id));
  EXPECT_EQ(next.FindSchedule(id)->state, ScheduleState::kInProgress);
  EXPECT_EQ(next.FindSchedule(id)->request.source, update::MakeOrder().source);
  bool created = false;
  EXPECT_FALSE(next.AddSchedule(MakeRequest(), kAlice, &created)) << "it is under way";
  EXPECT_THAT(next.Problems(), Not(IsEmpty()));
}

TEST_F(LedgerTest, OneUpdateAtATime) {
  Ledger& ledger = Open();
  const std::string id = Add(ledger);
  bool created = false;
  const Result<Schedule> second = ledger.AddSchedule(MakeRequest(), kAlice, &created);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
  EXPECT_THAT(second.error().message, HasSubstr(id + " is under way"));
}

TEST_F(LedgerTest, TheSameRequestIsTheSameSchedule) {
  Ledger& ledger = Open();
  bool created = false;
  const std::string id = ledger.AddSchedule(MakeRequest("r1"), kAlice, &created)->id;
  EXPECT_TRUE(created);
  EXPECT_EQ(ledger.AddSchedule(MakeRequest("r1"), kAlice, &created)->id, id);
  EXPECT_FALSE(created);
  Ledger& next = Open();
  EXPECT_TRUE(next.KnowsRequest("r1"));
  EXPECT_EQ(next.AddSchedule(MakeRequest("r1"), kAlice, &created)->id, id);
}

TEST_F(LedgerTest, AScheduleThatCannotBeKeptIsNotTaken) {
  Ledger& ledger = Open();
  folder_.Block(kScheduleFile);
  bool created = false;
  const Result<Schedule> added = ledger.AddSchedule(MakeRequest(), kAlice, &created);
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr(kScheduleFile));
  EXPECT_FALSE(ledger.ActiveSchedule()) << "it is in nobody's way";
}

TEST_F(LedgerTest, AStepThatNeedsItsStateIsNotTakenWithoutIt) {
  Ledger& ledger = Open();
  Add(ledger);
  folder_.Block(kStateFile);
  const update::Step step{update::Staging{update::MakeOrder()}, {}, {}};
  const Result<> advanced = ledger.Advance(step, /*go_on=*/false);
  ASSERT_FALSE(advanced);
  EXPECT_THAT(advanced.error().message, HasSubstr(kStateFile));
  EXPECT_EQ(ledger.State().update, update::UpdateState(update::Idle{}));

  ASSERT_TRUE(ledger.Advance(step, /*go_on=*/true));
  EXPECT_EQ(ledger.State().update, step.next);
  EXPECT_THAT(ledger.Problems(), Contains(HasSubstr("the state cannot be kept")));
}

TEST_F(LedgerTest, WhatCannotBeToldIsTakenAllTheSame) {
  Ledger& ledger = Open();
  const std::string id = Add(ledger);
  Advance(ledger, update::Trying{update::MakeStartedTrial()});
  folder_.Block(kScheduleFile);
  std::filesystem::remove(folder_.File(kHistoryFile));
  std::filesystem::create_directory(folder_.File(kHistoryFile));
  Advance(ledger, update::Idle{},
          RolledBack(update::Verdict::kQuarantine, update::RollbackKind::kAutomatic));
  EXPECT_EQ(ledger.FindSchedule(id)->state, ScheduleState::kRolledBack);
  EXPECT_THAT(ledger.Problems(), Contains(HasSubstr("the schedules cannot be kept")));
  EXPECT_THAT(ledger.Problems(), Contains(HasSubstr("the history cannot be kept")));

  folder_.Unblock(kScheduleFile);
  std::filesystem::remove(folder_.File(kHistoryFile));
  Ledger& next = Open();
  EXPECT_EQ(next.FindSchedule(id)->state, ScheduleState::kRolledBack);
  EXPECT_THAT(*next.Rollbacks(10), SizeIs(1));
}

TEST_F(LedgerTest, CorruptFilesCostNoStart) {
  Update(Open(), RolledBack(update::Verdict::kQuarantine, update::RollbackKind::kAutomatic));
  for (const char* file : {kStateFile, kScheduleFile, kHistoryFile}) folder_.SetText(file, "\x01{");
  Ledger& ledger = Open();
  EXPECT_THAT(ledger.Problems(), SizeIs(2));
  EXPECT_THAT(*ledger.Rollbacks(10), IsEmpty());
  EXPECT_TRUE(folder_.Has(std::string(kStateFile) + ".bad-1"));
  Update(ledger, RolledBack(update::Verdict::kNone, update::RollbackKind::kManual));
  EXPECT_THAT(*ledger.Rollbacks(10), SizeIs(1));
}

TEST_F(LedgerTest, WatchersWaitForTheNextChange) {
  Ledger& ledger = Open();
  const std::string id = Add(ledger);
  Result<Engine::Change> now = ledger.WaitForChange(id, 0, 0ms);
  ASSERT_TRUE(now);
  EXPECT_EQ(now->schedule.state, ScheduleState::kPending);
  EXPECT_EQ(ledger.WaitForChange(id, now->revision, 0ms)->revision, now->revision);

  std::jthread worker([&] { ledger.SetProgress(Phase::kFetching, {.bytes_done = 5}); });
  const Result<Engine::Change> next = ledger.WaitForChange(id, now->revision, 1min);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->schedule.progress.bytes_done, 5u);
  EXPECT_FALSE(ledger.WaitForChange("sched-20260127-999", 0, 0ms));
}

TEST_F(LedgerTest, UnknownSchedulesAreNamed) {
  Ledger& ledger = Open();
  EXPECT_EQ(ledger.FindSchedule("").error().message, "nothing was scheduled yet");
  EXPECT_EQ(ledger.FindSchedule("sched-1").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(ledger.FindSchedule("sched-1").error().message, HasSubstr("sched-1"));
}

TEST_F(LedgerTest, AProblemThatPassesIsReplacedByTheNextOfItsKindAndEnds) {
  Ledger& ledger = Open();
  ledger.AddProblem("the disk is old");
  ledger.SetProblem("configuration", "line 3 is wrong");
  ledger.SetProblem("configuration", "line 4 is wrong");
  EXPECT_THAT(ledger.Problems(), testing::ElementsAre("the disk is old", "line 4 is wrong"));
  ledger.SetProblem("configuration", "");
  EXPECT_THAT(ledger.Problems(), testing::ElementsAre("the disk is old"));
}

}  // namespace
}  // namespace matic::engine
