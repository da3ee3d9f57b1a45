#include "agent/engine/state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/update_json.h"
#include "lib/trust/manifest.h"
#include "lib/trust/url_reference.h"
#include "tests/unit/agent/engine/state_folder.h"
#include "tests/unit/agent/update/cases.h"

namespace matic::engine {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StateStoreTest : public testing::Test {
 protected:
  StateStore::Loaded Load() const { return StateStore(folder_.File(kStateFile)).Load(); }
  void Save(const AgentState& state) const {
    ASSERT_TRUE(StateStore(folder_.File(kStateFile)).Save(state));
  }
  // Another agent reads what is there, and writes `update` in its place.
  void ReadAndWrite(const update::UpdateState& update) const {
    StateStore store(folder_.File(kStateFile));
    AgentState state = store.Load().state;
    state.update = update;
    ASSERT_TRUE(store.Save(state));
  }

  StateFolder folder_;
};

update::Outcome MakeOutcome() {
  return {
      .schedule_id = "sched-20260127-001",
      .end = update::Outcome::End::kRolledBack,
      .reason = "health check failed: api: refused",
      .image = update::MakeImage(),
      .verdict = update::Verdict::kQuarantine,
      .stays = false,
      .rollback = update::RollbackFact{update::RollbackKind::kManual, "slot-b", "slot-a", "alice"}};
}

RecordedOutcome MakeRecorded() {
  return {.id = "boot-1/7",
          .time = "2026-01-27T01:00:00Z",
          .boot_id = "boot-1",
          .outcome = MakeOutcome(),
          .follow_up = FollowUp::kAgain};
}

TEST_F(StateStoreTest, NothingThereIsTheDefaults) {
  const StateStore::Loaded loaded = Load();
  EXPECT_THAT(loaded.problem, IsEmpty());
  EXPECT_EQ(loaded.state.update, update::UpdateState(update::Idle{}));
  EXPECT_EQ(loaded.state.trial_deadline_seconds, 900u);
}

TEST_F(StateStoreTest, NoFileMakesAMachineWaitForMoreThanADay) {
  json order = ToJson(update::UpdateState(update::Waiting{update::MakeOrder()}));
  order["order"]["health_timeout_seconds"] = INT64_MAX;
  order["order"]["reboot_delay_seconds"] = INT64_MIN;
  const auto read = UpdateStateFromJson(order);
  ASSERT_TRUE(read) << read.error().message;
  const auto& waiting = std::get<update::Waiting>(*read);
  EXPECT_EQ(waiting.order.health_timeout, std::chrono::hours(24));
  EXPECT_EQ(waiting.order.reboot_delay, std::chrono::seconds(0));
}

TEST_F(StateStoreTest, EveryStateComesBackAsItWas) {
  std::vector<update::UpdateState> states = update::EveryState();
  update::Trial trial = update::MakeStartedTrial(false);
  trial.failing_before = {"api", "service"};
  trial.tries_given_back = 2;
  states.emplace_back(update::Confirming{trial, "api: \"refused\"\n\xff"});
  for (auto kind : {update::RollbackKind::kManual, update::RollbackKind::kCancel}) {
    states.emplace_back(update::RollingBack{trial, kind, "slow", "alice"});
  }
  for (const update::UpdateState& state : states) {
    SCOPED_TRACE(StateName(state));
    AgentState saved;
    saved.update = state;
    Save(saved);
    const StateStore::Loaded loaded = Load();
    EXPECT_THAT(loaded.problem, IsEmpty());
    if (const auto* confirming = std::get_if<update::Confirming>(&state);
        confirming != nullptr && !confirming->unhealthy.empty()) {
      // A program's output need not be UTF-8; the file is.
      const auto* read = std::get_if<update::Confirming>(&loaded.state.update);
      ASSERT_NE(read, nullptr);
      EXPECT_EQ(read->trial, trial);
      EXPECT_THAT(read->unhealthy, HasSubstr("\"refused\"\n"));
      continue;
    }
    EXPECT_EQ(loaded.state.update, state);
  }
}

TEST_F(StateStoreTest, EverythingBesideComesBackToo) {
  AgentState state;
  state.previous_partition = "slot-a";
  state.boot_counter = 2;
  state.last_update_time = "2026-01-27T01:00:00Z";
  state.trial_deadline_seconds = 1200;
  state.running_digest = std::string(64, '2');
  state.running_target = "slot-b";
  state.quarantine = {{.digest = std::string(64, '3'),
                       .strikes = 1,
                       .quarantined = true,
                       .reason = "api: refused",
                       .time = "2026-01-26T01:00:00Z"}};
  state.last_outcome = MakeRecorded();
  Save(state);

  const AgentState read = Load().state;
  EXPECT_EQ(read.previous_partition, "slot-a");
  EXPECT_EQ(read.boot_counter, 2u);
  EXPECT_EQ(read.last_update_time, "2026-01-27T01:00:00Z");
  EXPECT_EQ(read.trial_deadline_seconds, 1200u);
  EXPECT_EQ(read.running_digest, std::string(64, '2'));
  EXPECT_EQ(read.running_target, "slot-b");
  ASSERT_THAT(read.quarantine, SizeIs(1));
  EXPECT_EQ(read.quarantine[0].digest, std::string(64, '3'));
  EXPECT_EQ(read.quarantine[0].strikes, 1u);
  EXPECT_TRUE(read.quarantine[0].quarantined);
  EXPECT_EQ(read.quarantine[0].reason, "api: refused");
  ASSERT_TRUE(read.last_outcome);
  EXPECT_EQ(read.last_outcome->id, "boot-1/7");
  EXPECT_EQ(read.last_outcome->follow_up, FollowUp::kAgain);
  const update::Outcome& outcome = read.last_outcome->outcome;
  EXPECT_EQ(outcome.end, update::Outcome::End::kRolledBack);
  EXPECT_EQ(outcome.image, update::MakeImage());
  EXPECT_EQ(outcome.verdict, update::Verdict::kQuarantine);
  ASSERT_TRUE(outcome.rollback);
  EXPECT_EQ(outcome.rollback->kind, update::RollbackKind::kManual);
  EXPECT_EQ(outcome.rollback->requested_by, "alice");
}

// matic-deadline and people read these without the agent.
TEST_F(StateStoreTest, TheKeysThatAreFormat) {
  AgentState state;
  state.update = update::Trying{update::MakeStartedTrial()};
  state.previous_partition = "slot-a";
  state.boot_counter = 1;
  Save(state);
  const json file = folder_.Json(kStateFile);
  EXPECT_EQ(file.at("version"), 1);
  EXPECT_EQ(file.at("previous_partition"), "slot-a");
  EXPECT_EQ(file.at("boot_counter"), 1);
  EXPECT_TRUE(file.contains("last_update_time"));
  EXPECT_EQ(file.at("trial_deadline_seconds"), 900);
  EXPECT_EQ(file.at("update").at("name"), "trying");
}

TEST_F(StateStoreTest, AnOlderAgentKeepsWhatANewerOneWrote) {
  AgentState state;
  state.update = update::Trying{update::MakeStartedTrial()};
  state.quarantine = {{.digest = "d", .reason = "r", .time = "t"}};
  state.last_outcome = MakeRecorded();
  Save(state);
  json file = folder_.Json(kStateFile);
  file["golden"] = "slot-a";
  file["update"]["window"] = {{"from", "01:00"}};
  file["update"]["trial"]["hooks"] = {"a", "b"};
  file["update"]["trial"]["order"]["channel"] = "stable";
  file["update"]["trial"]["image"]["signed_by"] = "key-1";
  file["quarantine"][0]["node"] = "n1";
  file["last_outcome"]["audit"] = "alice";
  folder_.SetJson(kStateFile, file);

  // The same update goes on: from one state to the next, all of it stays.
  ReadAndWrite(update::Confirming{update::MakeStartedTrial(), ""});
  const json after = folder_.Json(kStateFile);
  EXPECT_EQ(after.at("golden"), "slot-a");
  EXPECT_EQ(after.at("update").at("name"), "confirming");
  EXPECT_EQ(after.at("update").at("window").at("from"), "01:00");
  EXPECT_EQ(after.at("update").at("trial").at("hooks"), json({"a", "b"}));
  EXPECT_EQ(after.at("update").at("trial").at("order").at("channel"), "stable");
  EXPECT_EQ(after.at("update").at("trial").at("image").at("signed_by"), "key-1");
  EXPECT_EQ(after.at("quarantine")[0].at("node"), "n1");
  EXPECT_EQ(after.at("last_outcome").at("audit"), "alice");

  // What belonged to that update ends with it.
  ReadAndWrite(update::Idle{});
  EXPECT_EQ(folder_.Json(kStateFile).at("update"), json({{"name", "idle"}}));
  EXPECT_EQ(folder_.Json(kStateFile).at("golden"), "slot-a");
}

TEST_F(StateStoreTest, UnknownKeysFollowOrderAndImageIntoTheTrial) {
  AgentState state;
  state.update = update::Staged{update::MakeOrder(), update::MakeImage()};
  Save(state);
  json file = folder_.Json(kStateFile);
  file["update"]["order"]["channel"] = "stable";
  file["update"]["image"]["signed_by"] = "key-1";
  folder_.SetJson(kStateFile, file);
  ReadAndWrite(update::Activating{update::MakeTrial()});
  const json trial = folder_.Json(kStateFile).at("update").at("trial");
  EXPECT_EQ(trial.at("order").at("channel"), "stable");
  EXPECT_EQ(trial.at("image").at("signed_by"), "key-1");
  EXPECT_FALSE(folder_.Json(kStateFile).at("update").contains("order"));
}

TEST_F(StateStoreTest, AnotherUpdateInheritsNothing) {
  AgentState state;
  state.update = update::Staging{update::MakeOrder()};
  Save(state);
  json file = folder_.Json(kStateFile);
  file["update"]["order"]["channel"] = "beta";
  folder_.SetJson(kStateFile, file);
  update::Order other = update::MakeOrder();
  other.schedule_id = "sched-20260127-002";
  ReadAndWrite(update::Staging{other});
  EXPECT_FALSE(folder_.Json(kStateFile).at("update").at("order").contains("channel"));
}

TEST_F(StateStoreTest, AStateOfANewerAgentIsIdleHereAndIsNotLost) {
  AgentState state;
  state.quarantine = {{.digest = "d", .quarantined = true, .reason = "r", .time = "t"}};
  state.last_outcome = MakeRecorded();
  Save(state);
  json file = folder_.Json(kStateFile);
  file["update"] = {{"name", "waiting-for-window"}, {"until", "02:00"}};
  file["last_outcome"]["end"] = "postponed";
  folder_.SetJson(kStateFile, file);

  const StateStore::Loaded loaded = Load();
  EXPECT_EQ(loaded.state.update, update::UpdateState(update::Idle{}));
  EXPECT_THAT(loaded.problem, HasSubstr("waiting-for-window"));
  EXPECT_THAT(loaded.state.quarantine, SizeIs(1));
  EXPECT_TRUE(folder_.Has(kStateFile)) << "the rest of it is good, so it is not set aside";

  ReadAndWrite(update::Idle{});
  const json after = folder_.Json(kStateFile);
  EXPECT_EQ(after.at("update_not_understood").at("until"), "02:00");
  EXPECT_EQ(after.at("last_outcome").at("end"), "postponed");
  EXPECT_EQ(after.at("quarantine")[0].at("quarantined"), true);
}

TEST_F(StateStoreTest, WhatWasNotUnderstoodIsKeptBesideTheStateAndNotInIt) {
  Save(AgentState());
  json file = folder_.Json(kStateFile);
  const json broken = {{"until", "02:00"}, {"order", {{"version", "1"}}}};
  file["update"] = broken;
  folder_.SetJson(kStateFile, file);

  ReadAndWrite(update::Idle{});
  const json after = folder_.Json(kStateFile);
  EXPECT_EQ(after.at("update"), json({{"name", "idle"}}));
  EXPECT_EQ(after.at("update_not_understood"), broken);
  ReadAndWrite(update::Idle{});
  EXPECT_EQ(folder_.Json(kStateFile), after) << "and it stays as it was written";
}

TEST_F(StateStoreTest, KeysThatAreMissingAreTheDefaults) {
  AgentState state;
  state.quarantine = {{.digest = "d", .quarantined = true, .reason = "r", .time = "t"}};
  Save(state);
  json file = folder_.Json(kStateFile);
  for (const char* key : {"running_digest", "running_target", "trial_deadline_seconds",
                          "last_update_time", "boot_counter", "update"}) {
    file.erase(key);
  }
  folder_.SetJson(kStateFile, file);
  const StateStore::Loaded loaded = Load();
  EXPECT_THAT(loaded.problem, IsEmpty());
  EXPECT_THAT(loaded.state.quarantine, SizeIs(1));
  EXPECT_EQ(loaded.state.trial_deadline_seconds, 900u);
}

TEST_F(StateStoreTest, ACorruptFileIsSetAsideAndReported) {
  for (const char* text : {"", "{\"version\": 1, \"upd", "[]", "7"}) {
    folder_.SetText(kStateFile, text);
    const StateStore::Loaded loaded = Load();
    EXPECT_EQ(loaded.state.update, update::UpdateState(update::Idle{}));
    EXPECT_THAT(loaded.problem, HasSubstr("set aside"));
    EXPECT_FALSE(folder_.Has(kStateFile));
  }
  EXPECT_EQ(folder_.Text(std::string(kStateFile) + ".bad-2"), "{\"version\": 1, \"upd");
  EXPECT_THAT(folder_.Save(), SizeIs(4)) << "each of them is kept";
}

// Reading a folder fails as reading a bad sector does.
TEST_F(StateStoreTest, AFileThatCannotBeReadIsKept) {
  std::filesystem::create_directory(folder_.File(kStateFile));
  StateStore store(folder_.File(kStateFile));
  const StateStore::Loaded loaded = store.Load();
  EXPECT_EQ(loaded.state.update, update::UpdateState(update::Idle{}));
  EXPECT_THAT(loaded.problem, HasSubstr("the state could not be read: read "));
  EXPECT_TRUE(std::filesystem::is_directory(folder_.File(kStateFile)));
  ASSERT_TRUE(store.Save(loaded.state));
  EXPECT_TRUE(std::filesystem::is_directory(folder_.File(std::string(kStateFile) + ".bad-1")));
  EXPECT_THAT(Load().problem, IsEmpty());
}

TEST_F(StateStoreTest, NumbersThatDoNotFitAreNotBelieved) {
  folder_.SetText(kStateFile, R"({"boot_counter": 4294967297,
                                  "trial_deadline_seconds": 4294968196})");
  const StateStore::Loaded loaded = Load();
  EXPECT_THAT(loaded.problem, IsEmpty());
  EXPECT_EQ(loaded.state.boot_counter, 0u);
  EXPECT_EQ(loaded.state.trial_deadline_seconds, 900u);
}

TEST_F(StateStoreTest, AFileOfBracketsEndsNoAgent) {
  const std::string brackets =
      "{\"x\":" + std::string(500'000, '[') + std::string(500'000, ']') + "}";
  folder_.SetText(kStateFile, brackets);
  const StateStore::Loaded loaded = Load();
  EXPECT_THAT(loaded.problem, HasSubstr("nested too deeply"));
  EXPECT_EQ(folder_.Text(std::string(kStateFile) + ".bad-1"), brackets);
}

TEST_F(StateStoreTest, MoreVerdictsThanAreKeptDoNotOutgrowTheFile) {
  json verdicts = json::array();
  for (int i = 0; i < 9000; ++i) verdicts.push_back({{"digest", std::to_string(i)}});
  folder_.SetText(kStateFile, json{{"version", 1}, {"quarantine", verdicts}}.dump());
  ReadAndWrite(update::Idle{});
  const StateStore::Loaded loaded = Load();
  EXPECT_EQ(loaded.problem, "");
  ASSERT_THAT(loaded.state.quarantine, SizeIs(kMaxQuarantine));
  EXPECT_EQ(loaded.state.quarantine.back().digest, "8999") << "the newest are kept";
}

TEST_F(StateStoreTest, TheLargestManifestDoesNotOutgrowTheFile) {
  update::Staging staging{update::MakeOrder()};
  // Relative to a manifest whose own URL is as long as may be.
  const update::SignedFile file{std::string(2 * trust::kMaxUrlBytes, 'u'), 1, std::string(64, '0')};
  staging.order.delta.index = file;
  staging.order.delta.patches.assign(trust::kMaxPatches, {std::string(64, '0'), file});
  AgentState saved;
  saved.update = staging;
  Save(saved);
  const StateStore::Loaded loaded = Load();
  EXPECT_EQ(loaded.problem, "");
  EXPECT_EQ(loaded.state.update, saved.update);
}

TEST_F(StateStoreTest, ValuesOfTheWrongTypeAreNotBelieved) {
  folder_.SetText(kStateFile,
                  R"({"version": "x", "update": 7, "previous_partition": [], "boot_counter": -1,
                      "quarantine": [7, {"digest": 8}], "last_outcome": "no"})");
  const StateStore::Loaded loaded = Load();
  EXPECT_EQ(loaded.state.update, update::UpdateState(update::Idle{}));
  EXPECT_THAT(loaded.problem, Not(IsEmpty()));
  EXPECT_EQ(loaded.state.boot_counter, 0u);
  EXPECT_FALSE(loaded.state.last_outcome);
  ReadAndWrite(update::Idle{});
}

TEST_F(StateStoreTest, AWriteThatFailsLeavesTheOldFile) {
  StateStore store(folder_.File(kStateFile));
  AgentState state;
  state.boot_counter = 1;
  ASSERT_TRUE(store.Save(state));
  folder_.Block(kStateFile);
  state.boot_counter = 2;
  const Result<> saved = store.Save(state);
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().message, HasSubstr(kStateFile));
  EXPECT_EQ(Load().state.boot_counter, 1u);
}

}  // namespace
}  // namespace matic::engine
