// Hooks around an update: what they stop, and that each runs once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Units, which the fake runs like any other program.
class HooksTest : public testing::Test {
 protected:
  void StartAgent() {
    machine_.StartAgent();
    machine_.AwaitGoodBoot();
  }
  void Add(std::vector<config::Hook>& hooks, const std::string& unit, int exit_code) {
    hooks.push_back({.unit = unit});
    machine_.processes.Script(Start(unit), ProcessOutcome{exit_code, ""});
  }
  static std::vector<std::string> Start(const std::string& unit) {
    return {"systemctl", "start", "--", unit};
  }
  long Starts(const std::string& unit) const {
    return std::ranges::count(machine_.processes.runs(), Start(unit));
  }
  std::vector<std::string> History(const std::string& kind) {
    std::vector<std::string> summaries;
    Result<std::vector<HistoryEvent>> events = machine_.engine().GetHistory(100, std::nullopt);
    EXPECT_TRUE(events);
    for (const HistoryEvent& event : *events) {
      if (event.kind == kind) summaries.push_back(event.summary);
    }
    return summaries;
  }

  Machine machine_;
};

TEST_F(HooksTest, AFailedOneBeforeTheUpdateStopsIt) {
  Add(machine_.hooks.pre, "backup.service", 1);
  StartAgent();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitSchedule(id, ScheduleState::kFailed);
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("pre-update hook failed"));
  EXPECT_THAT(machine_.Get(id).reason, HasSubstr("backup.service"));
  EXPECT_THAT(History("hook"), ElementsAre(HasSubstr("backup.service failed")));
  EXPECT_THAT(machine_.folder.Text("hook.env"), HasSubstr("MATIC_PREVIOUS_VERSION=\"1.0\""));
  EXPECT_THAT(History("scheduled"), ElementsAre(HasSubstr("https://example.com")));
  EXPECT_EQ(machine_.backend.calls(fakes::FakeBackend::Verb::kStage), 0);
}

TEST_F(HooksTest, ThoseAfterItRunOnceItIsConfirmed) {
  Add(machine_.hooks.post, "announce.service", 1);
  StartAgent();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  EXPECT_EQ(Starts("announce.service"), 0);
  machine_.RunToRest();
  machine_.Await([&] { return !History("hook").empty(); });
  EXPECT_EQ(Starts("announce.service"), 1);
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted) << "they have no say any more";
}

// While they run the next update may be scheduled already, into the slot that is the way back.
TEST_F(HooksTest, NobodyGoesBackUnderAnUpdateThatIsScheduled) {
  Add(machine_.hooks.post, "announce.service", 0);
  StartAgent();
  machine_.Schedule(machine_.Request());
  machine_.RunToRest();
  machine_.Await([&] { return !History("hook").empty(); });
  machine_.worker().Stop();
  const std::string next = machine_.Schedule(machine_.Request());
  const Result<Rollback> back = machine_.engine().TriggerRollback({}, machine_.alice);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::kRefused);
  EXPECT_THAT(back.error().message, HasSubstr(next));
}

// A power loss, or a hook that ends the agent itself, which must not do so for ever.
TEST_F(HooksTest, ThoseThatWereCutOffRunOnceMore) {
  Add(machine_.hooks.post, "announce.service", 0);
  StartAgent();
  machine_.Schedule(machine_.Request());
  machine_.RunToRest();
  const auto follow_up = [&] {
    return machine_.folder.Json(kStateFile).at("last_outcome").at("follow_up");
  };
  machine_.Await([&] { return follow_up() == "done"; });
  nlohmann::json cut_off = machine_.folder.Json(kStateFile);
  for (const auto& [was, starts] : {std::pair{"due", 2}, {"again", 2}, {"done", 2}}) {
    SCOPED_TRACE(was);
    machine_.StopAgent();
    cut_off["last_outcome"]["follow_up"] = was;
    machine_.folder.SetJson(kStateFile, cut_off);
    machine_.StartAgent();
    machine_.AwaitGoodBoot();
    machine_.Await([&] { return Starts("announce.service") == starts; });
    machine_.Await([&] { return was == std::string("due") ? follow_up() == "done" : true; });
  }
  machine_.StopAgent();
  EXPECT_EQ(Starts("announce.service"), 2);
}

TEST_F(HooksTest, ARollbackHasItsOwnAndKeepsWhatTheFailedStartLeft) {
  Add(machine_.hooks.rollback, "page.service", 0);
  machine_.SetCheck("api", "2.0", Found::kFail);
  StartAgent();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.processes.Script(
      {"journalctl", "--boot=" + std::string("boot2"), "--lines=50", "--no-pager", "--quiet"},
      ProcessOutcome{0, "api: panic"});
  std::filesystem::create_directories(machine_.folder.File("pstore/1760000000"));
  std::ofstream(machine_.folder.File("pstore/1760000000/dmesg.txt")) << "Kernel panic";
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  machine_.Await([&] { return !History("hook").empty(); });
  EXPECT_EQ(Starts("page.service"), 1);
  Result<std::vector<HistoryEvent>> events = machine_.engine().GetHistory(100, std::nullopt);
  ASSERT_TRUE(events);
  const auto log = std::ranges::find(*events, "api: panic", &HistoryEvent::output);
  ASSERT_NE(log, events->end());
  EXPECT_EQ(log->kind, "boot-log");
  EXPECT_EQ(log->boot_id, "boot-2");
  const auto crash = std::ranges::find(*events, "Kernel panic", &HistoryEvent::output);
  ASSERT_NE(crash, events->end());
  EXPECT_THAT(crash->summary, HasSubstr("pstore/1760000000/dmesg.txt"));
}

}  // namespace
}  // namespace matic::engine
