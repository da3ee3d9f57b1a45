#include "agent/metrics/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/update/transition.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::metrics {
namespace {

using engine::RollbackKind;
using engine::RollbackRecord;
using engine::Schedule;
using engine::ScheduleState;
using std::chrono::seconds;

Schedule Ended(const std::string& id, ScheduleState state, seconds took = seconds(10)) {
  Schedule schedule;
  schedule.id = id;
  schedule.state = state;
  schedule.updated = schedule.created + took;
  return schedule;
}

RollbackRecord GoneBack(int minute, RollbackKind kind, const std::string& reason) {
  RollbackRecord record;
  record.time = WallTime(std::chrono::minutes(minute));
  record.kind = kind;
  record.reason = reason;
  return record;
}

class TallyTest : public testing::Test {
 protected:
  uint64_t Updates(const Tally& tally, const std::string& result) {
    return tally.totals().updates.at(result).count;
  }
  uint64_t Rollbacks(const Tally& tally, const std::string& kind, const std::string& cause) {
    return tally.totals().rollbacks.at({kind, cause});
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_ / "metrics.json";
};

TEST_F(TallyTest, EverySeriesBeginsAtZero) {
  const Tally tally(file_);
  for (const char* result : {"completed", "failed", "rolled-back", "cancelled"}) {
    EXPECT_EQ(Updates(tally, result), 0u);
  }
  for (const char* cause : {"health", "boot-attempts", "not-started"}) {
    EXPECT_EQ(Rollbacks(tally, "automatic", cause), 0u);
  }
  EXPECT_EQ(Rollbacks(tally, "manual", "manual"), 0u);
}

TEST_F(TallyTest, CountsEachEndOnceAndNoneThatIsToCome) {
  Tally tally(file_);
  Schedule running = Ended("sched-20260127-003", ScheduleState::kInProgress);
  const Schedule failed = Ended("sched-20260127-002", ScheduleState::kFailed, seconds(5));
  const Schedule completed = Ended("sched-20260127-001", ScheduleState::kCompleted, seconds(60));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(tally.Count({running, failed, completed}, {}));
  EXPECT_EQ(Updates(tally, "completed"), 1u);
  EXPECT_EQ(Updates(tally, "failed"), 1u);
  EXPECT_EQ(tally.totals().updates.at("completed").seconds, 60);
  running.state = ScheduleState::kCompleted;
  running.updated = running.created - seconds(100);  // the clock was set
  ASSERT_TRUE(tally.Count({running, failed, completed}, {}));
  EXPECT_EQ(Updates(tally, "completed"), 2u);
  EXPECT_EQ(tally.totals().updates.at("completed").seconds, 60);
}

TEST_F(TallyTest, TotalsSurviveARestartAndWhatTheEngineForgets) {
  const Schedule old = Ended("sched-20260127-001", ScheduleState::kCompleted);
  const RollbackRecord back = GoneBack(1, RollbackKind::kManual, "tea");
  ASSERT_TRUE(Tally(file_).Count({old}, {back}));
  Tally tally(file_);
  ASSERT_TRUE(tally.Count({old}, {back}));
  EXPECT_EQ(Updates(tally, "completed"), 1u);
  const Schedule newer = Ended("sched-20260128-001", ScheduleState::kCompleted);
  ASSERT_TRUE(tally.Count({newer}, {}));
  EXPECT_EQ(Updates(tally, "completed"), 2u);
  EXPECT_EQ(Rollbacks(tally, "manual", "manual"), 1u);
}

TEST_F(TallyTest, AFileThatCannotBeReadIsBegunAnew) {
  for (const char* content : {"", "{", "[]", "{\"updates\": 3}", "\xff\xfe",
                              R"({"updates": {"completed": {"count": -1}}})"}) {
    std::ofstream(file_) << content;
    Tally tally(file_);
    ASSERT_TRUE(tally.Count({Ended("sched-20260127-001", ScheduleState::kFailed)}, {}));
    EXPECT_EQ(Updates(tally, "failed"), 1u) << content;
    EXPECT_EQ(Updates(tally, "completed"), 0u) << content;
    EXPECT_EQ(Tally(file_).totals().updates.at("failed").count, 1u) << content;
  }
}

TEST_F(TallyTest, AFileThatMakesNoSenseIsSetAsideAndToldOf) {
  const std::filesystem::path file = folder_ / "metrics.json";
  for (const std::string text : {"torn", "{}", R"({"updates": {"completed": {"count": -1}}})"}) {
    std::ofstream(file, std::ios::trunc) << text;
    Tally tally(file);
    const std::filesystem::path aside = folder_ / "metrics.json.bad-1";
    EXPECT_THAT(tally.problem(), testing::HasSubstr("set aside as " + aside.string())) << text;
    std::ifstream kept(aside);
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>(kept), {}}), text);
    ASSERT_TRUE(tally.Count({Ended("sched-20260127-001", ScheduleState::kFailed)}, {}));
    EXPECT_EQ(Tally(file).problem(), "");
    std::filesystem::remove(aside);
  }
}

TEST_F(TallyTest, AFileThatCannotBeReadIsNotWrittenOver) {
  const std::filesystem::path file = folder_ / "metrics.json";
  std::filesystem::create_directory(file);
  Tally tally(file);
  EXPECT_THAT(tally.problem(), testing::HasSubstr("counted anew: read " + file.string()));
  EXPECT_TRUE(std::filesystem::is_directory(file));
  ASSERT_TRUE(tally.Count({Ended("sched-20260127-001", ScheduleState::kFailed)}, {}));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "metrics.json.bad-1"));
}

TEST_F(TallyTest, CountsGoOnWhereTheFileCannotBeWritten) {
  const std::filesystem::path file = folder_ / "missing" / "metrics.json";
  Tally tally(file);
  const Schedule schedule = Ended("sched-20260127-001", ScheduleState::kFailed);
  EXPECT_FALSE(tally.Count({schedule}, {}));
  EXPECT_EQ(Updates(tally, "failed"), 1u);
  EXPECT_FALSE(tally.Count({schedule}, {}));
  std::filesystem::create_directory(folder_ / "missing");
  EXPECT_TRUE(tally.Count({schedule}, {}));
  EXPECT_EQ(Tally(file).totals().updates.at("failed").count, 1u);
}

// The causes are those that agent/update gives.
class CauseTest : public testing::Test {
 protected:
  static std::string CauseOf(const update::Target& left) {
    update::Trial trial;
    trial.image.target = "slot-b";
    trial.previous = "slot-a";
    trial.activated_boot_id = "boot-1";
    trial.last_boot_id = "boot-2";
    trial.boot_counter = 1;
    update::Target running;
    running.name = "slot-a";
    running.running = running.bootable = running.successful = true;
    update::Facts facts{"boot-3", {running}};
    if (!left.name.empty()) facts.targets.push_back(left);
    const Result<update::Step> step =
        update::Transition(update::Trying{trial}, update::Started{facts});
    if (!step || !step->outcome) return "no outcome";
    RollbackRecord record;
    record.cause = step->outcome->rollback->cause;
    return CauseName(record);
  }
};

TEST_F(CauseTest, IsOneOfFew) {
  update::Target tried;
  tried.name = "slot-b";
  tried.priority = 2;
  EXPECT_EQ(CauseOf(tried), "boot-attempts");
  update::Target refused = tried;
  refused.priority = 0;
  EXPECT_EQ(CauseOf(refused), "unknown") << "it was started before";
  update::Target passed_by = tried;
  passed_by.tries = 2;
  passed_by.bootable = true;
  EXPECT_EQ(CauseOf(passed_by), "not-started");
  EXPECT_EQ(CauseOf({}), "not-started");

  RollbackRecord failed = GoneBack(1, RollbackKind::kAutomatic, "service: x.service is failed");
  EXPECT_EQ(CauseName(failed), "unknown") << "an older release's, whatever its words";
  failed.cause = update::RollbackCause::kHealth;
  EXPECT_EQ(CauseName(failed), "health");
  EXPECT_EQ(CauseName(GoneBack(1, RollbackKind::kManual, "boot attempts used up")), "manual");
}

}  // namespace
}  // namespace matic::metrics
