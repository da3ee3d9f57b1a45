// The agent, or the power, goes at every act of an update's life, and what comes next converges.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using boot::Slot;
using Verb = fakes::FakeBackend::Verb;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// An act during an update to an image that is good or bad, and how the update ends all the same.
struct Act {
  const char* name;
  Verb verb;
  Found finding;
  ScheduleState end;
  Slot running;
};

const Act kActs[] = {
    {"activate", Verb::kActivate, Found::kPass, ScheduleState::kCompleted, Slot::kB},
    {"confirm", Verb::kConfirm, Found::kPass, ScheduleState::kCompleted, Slot::kB},
    {"revert", Verb::kRevert, Found::kFail, ScheduleState::kRolledBack, Slot::kA},
    {"discard", Verb::kDiscard, Found::kFail, ScheduleState::kRolledBack, Slot::kA},
};

class RecoveryTest : public testing::Test {
 protected:
  // Brings the machine to the act, which is about to be done.
  std::string RunUpTo(Machine& machine, const Act& act) {
    machine.SetCheck("api", "2.0", act.finding);
    machine.StartAgent();
    machine.AwaitGoodBoot();
    if (act.verb == Verb::kActivate) machine.backend.Hold(act.verb);
    const std::string id = machine.Schedule(machine.Request());
    if (act.verb != Verb::kActivate) {
      machine.AwaitRebootAsked();
      machine.StopAgent();
      machine.backend.Reboot();
      if (act.verb == Verb::kDiscard) {
        machine.StartAgent();
        machine.AwaitRebootAsked();
        machine.StopAgent();
        machine.backend.Reboot();
      }
      machine.backend.Hold(act.verb);
      machine.StartAgent();
    }
    machine.backend.AwaitHeld(act.verb);
    return id;
  }

  void ExpectEnd(Machine& machine, const Act& act, const std::string& id) {
    machine.RunToRest();
    EXPECT_EQ(machine.Get(id).state, act.end) << machine.Get(id).reason;
    EXPECT_EQ(machine.backend.running(), act.running);
    const bool good = act.end == ScheduleState::kCompleted;
    EXPECT_EQ(machine.backend.slot(Slot::kB).attributes.successful, good);
    EXPECT_TRUE(machine.backend.slot(Slot::kA).attributes.successful);
    std::string reason;
    EXPECT_EQ(machine.ledger().IsQuarantined(std::string(64, '2'), &reason), !good);
    EXPECT_THAT(*machine.engine().GetRollbackHistory(10), SizeIs(good ? 0 : 1));
    EXPECT_EQ(machine.engine().ListSchedules(10).size(), 1u);
  }
};

TEST_F(RecoveryTest, ThePowerGoesBeforeAnAct) {
  for (const Act& act : kActs) {
    SCOPED_TRACE(act.name);
    Machine machine;
    const std::string id = RunUpTo(machine, act);
    const StateFolder::Contents files = machine.folder.Save();
    const auto a = machine.backend.slot(Slot::kA);
    const auto b = machine.backend.slot(Slot::kB);
    machine.backend.Release(act.verb);
    machine.StopAgent();
    machine.backend.SetSlot(Slot::kA, a);
    machine.backend.SetSlot(Slot::kB, b);
    machine.PowerCut(files);
    ExpectEnd(machine, act, id);
  }
}

TEST_F(RecoveryTest, ThePowerGoesAfterAnActAndBeforeTheNoteOfIt) {
  for (const Act& act : kActs) {
    SCOPED_TRACE(act.name);
    Machine machine;
    const std::string id = RunUpTo(machine, act);
    const StateFolder::Contents files = machine.folder.Save();
    const int calls = machine.backend.calls(act.verb);
    machine.backend.Release(act.verb);
    machine.StopAgent();
    EXPECT_EQ(machine.backend.calls(act.verb), calls);
    machine.PowerCut(files);
    ExpectEnd(machine, act, id);
  }
}

TEST_F(RecoveryTest, NothingIsActivatedUnreadAfterARestart) {
  Machine machine;
  const std::string id = RunUpTo(machine, kActs[0]);
  const StateFolder::Contents files = machine.folder.Save();
  const auto a = machine.backend.slot(Slot::kA);
  const auto b = machine.backend.slot(Slot::kB);
  machine.backend.Release(Verb::kActivate);
  machine.StopAgent();
  machine.backend.SetSlot(Slot::kA, a);
  machine.backend.SetSlot(Slot::kB, b);
  const int activated = machine.backend.calls(Verb::kActivate);
  machine.backend.Fail(Verb::kVerify, {ErrorCode::kCorrupt, "slot-b holds something else"});
  machine.PowerCut(files);
  machine.RunToRest();
  EXPECT_EQ(machine.Get(id).state, ScheduleState::kFailed);
  EXPECT_THAT(machine.Get(id).reason, HasSubstr("slot-b holds something else"));
  EXPECT_EQ(machine.backend.calls(Verb::kActivate), activated);
  EXPECT_EQ(machine.backend.running(), Slot::kA);
}

TEST_F(RecoveryTest, OlderVersionsAreShutOutBeforeTheEndIsKept) {
  Machine machine;
  RunUpTo(machine, kActs[1]);
  machine.folder.Block(kStateFile);
  machine.backend.Release(Verb::kConfirm);
  machine.AwaitGoodBoot();
  EXPECT_EQ(machine.folder.Json(kStateFile).at("update").at("name"), "confirming");
  EXPECT_THAT(machine.resolver.confirmed(), testing::ElementsAre("2.0"));
  machine.folder.Unblock(kStateFile);
}

TEST_F(RecoveryTest, TheAgentIsRestartedDuringAnAct) {
  for (const Act& act : kActs) {
    SCOPED_TRACE(act.name);
    Machine machine;
    const std::string id = RunUpTo(machine, act);
    {
      std::jthread stop([&] { machine.StopAgent(); });
      machine.backend.Release(act.verb);
    }
    machine.StartAgent();
    ExpectEnd(machine, act, id);
  }
}

TEST_F(RecoveryTest, StagingGoesOnAfterARestart) {
  Machine machine;
  machine.StartAgent();
  machine.AwaitGoodBoot();
  machine.backend.Hold(Verb::kStage);
  const std::string id = machine.Schedule(machine.Request());
  machine.backend.AwaitHeld(Verb::kStage);
  machine.StopAgent();
  machine.backend.Release(Verb::kStage);
  EXPECT_EQ(machine.folder.Json(kStateFile).at("update").at("name"), "staging");

  machine.StartAgent();
  machine.RunToRest();
  EXPECT_EQ(machine.Get(id).state, ScheduleState::kCompleted);
}

TEST_F(RecoveryTest, StagingThatEndsTheAgentAgainAndAgainIsGivenUp) {
  Machine machine;
  machine.StartAgent();
  machine.AwaitGoodBoot();
  machine.backend.Hold(Verb::kStage);
  const std::string id = machine.Schedule(machine.Request());
  for (uint32_t starts = 0; starts <= update::kMaxInterruptions; ++starts) {
    if (starts > 0) machine.StartAgent();
    machine.backend.AwaitHeld(Verb::kStage);
    machine.StopAgent();
  }
  machine.backend.Release(Verb::kStage);

  machine.StartAgent();
  machine.AwaitGoodBoot();
  EXPECT_EQ(machine.Get(id).state, ScheduleState::kFailed);
  EXPECT_THAT(machine.Get(id).reason, HasSubstr("interrupted while staging"));
  EXPECT_EQ(machine.backend.slot(Slot::kB).attributes, boot::kUnbootable);
  const std::string next = machine.Schedule(machine.Request());
  machine.RunToRest();
  EXPECT_EQ(machine.Get(next).state, ScheduleState::kCompleted);
}

// A hook that reboots the machine, say, or a source that is the end of who reads it.
TEST_F(RecoveryTest, ChecksBeforeItThatEndTheAgentAgainAndAgainAreGivenUp) {
  Machine machine;
  machine.StartAgent();
  machine.AwaitGoodBoot();
  machine.resolver.Hold();
  for (const bool quarantined : {false, true}) {
    const std::string id = machine.Schedule(machine.Request());
    for (uint32_t starts = 0; starts <= update::kMaxInterruptions; ++starts) {
      if (starts > 0) machine.StartAgent();
      machine.resolver.AwaitHeld();
      EXPECT_EQ(machine.Get(id).phase, Phase::kChecking);
      EXPECT_EQ(machine.folder.Json(kStateFile).at("update").at("interruptions"), starts);
      machine.StopAgent();
    }
    machine.StartAgent();
    machine.AwaitGoodBoot();
    EXPECT_EQ(machine.Get(id).state, ScheduleState::kFailed);
    EXPECT_THAT(machine.Get(id).reason,
                HasSubstr("interrupted while its pre-checks and hooks ran"));
    std::string why;
    // Who asks for it again and again does not end the machine again and again.
    EXPECT_EQ(machine.ledger().IsQuarantined(machine.Request().sha256, &why), quarantined);
  }
}

TEST_F(RecoveryTest, TheAgentIsRestartedWhileItChecks) {
  for (const char* version : {"1.0", "2.0"}) {
    SCOPED_TRACE(version);
    Machine machine;
    machine.StartAgent();
    machine.AwaitGoodBoot();
    machine.SetCheck("api", version, Found::kHang);
    const std::string id = machine.Schedule(machine.Request());
    if (std::string(version) == "1.0") {
      machine.AwaitState<update::Staged>();
      machine.AwaitPhase(id, Phase::kChecking);  // those before the activation
    } else {
      machine.AwaitRebootAsked();
      machine.Reboot();
      machine.AwaitTrial();
    }
    machine.StopAgent();
    machine.SetCheck("api", version, Found::kPass);
    machine.StartAgent();
    machine.RunToRest();
    EXPECT_EQ(machine.Get(id).state, ScheduleState::kCompleted);
  }
}

TEST_F(RecoveryTest, TheAgentIsRestartedWhileTheRebootIsDue) {
  Machine machine;
  machine.StartAgent();
  machine.AwaitGoodBoot();
  const std::string id = machine.Schedule(machine.Request());
  machine.AwaitRebootAsked();
  machine.StopAgent();
  machine.StartAgent();
  machine.RunToRest();
  EXPECT_EQ(machine.Get(id).state, ScheduleState::kCompleted);
}

TEST_F(RecoveryTest, TheSameWorkerStopsAndStarts) {
  Machine machine;
  machine.SetCheck("api", "2.0", Found::kHang);
  const std::string id = machine.UpdateUpToTrial();
  machine.AwaitTrial();
  machine.worker().Stop();
  machine.worker().Start();
  machine.SetCheck("api", "2.0", Found::kPass);
  machine.AwaitSchedule(id, ScheduleState::kCompleted);
}

TEST_F(RecoveryTest, ADiskThatIsLateIsWaitedFor) {
  Machine machine;
  machine.backend.Fail(Verb::kGetFacts, {ErrorCode::kIo, "open /dev/vda: No such device"}, 3);
  machine.StartAgent();
  machine.AwaitGoodBoot();
  EXPECT_THAT(machine.ledger().Problems(), Contains(HasSubstr("/dev/vda")));
}

TEST_F(RecoveryTest, AnAgentOfThePreviousReleaseGoesOn) {
  Machine machine;
  machine.SetCheck("api", "2.0", Found::kFail);
  const std::string id = machine.UpdateUpToTrial();
  machine.AwaitRebootAsked();
  machine.StopAgent();
  // The newer agent wrote more than this one knows.
  nlohmann::json state = machine.folder.Json(kStateFile);
  state["fleet"] = {{"lease", "x"}};
  state["update"]["trial"]["metrics"] = 5;
  machine.folder.SetJson(kStateFile, state);
  nlohmann::json schedules = machine.folder.Json(kScheduleFile);
  schedules["schedules"][0]["phase"] = "measuring";
  schedules["schedules"][0]["window"] = "01:00";
  machine.folder.SetJson(kScheduleFile, schedules);

  machine.Reboot();
  machine.AwaitGoodBoot();
  EXPECT_EQ(machine.Get(id).state, ScheduleState::kRolledBack);
  std::string reason;
  EXPECT_TRUE(machine.ledger().IsQuarantined(std::string(64, '2'), &reason));
  EXPECT_THAT(*machine.engine().GetRollbackHistory(10), SizeIs(1));
  EXPECT_EQ(machine.folder.Json(kStateFile).at("fleet").at("lease"), "x");
  EXPECT_EQ(machine.folder.Json(kScheduleFile).at("schedules")[0].at("window"), "01:00");
}

// matic-agent --rollback, where the new system's own agent never came up.
class RollbackAloneTest : public testing::Test {
 protected:
  Result<> RollBack() {
    MATIC_ASSIGN(const update::Facts facts, machine_.worker().RecoverAlone());
    MATIC_ASSIGN(
        update::RollbackRequested event,
        RollbackByHand(machine_.ledger().State(), facts, {.reason = "it crashes"}, "matic-agent"));
    return machine_.worker().RunAlone(event);
  }

  Machine machine_;
};

TEST_F(RollbackAloneTest, FromATrialThatNoAgentHasSeen) {
  machine_.StartAgent();
  machine_.AwaitGoodBoot();
  const std::string id = machine_.Schedule(machine_.Request());
  machine_.AwaitRebootAsked();
  machine_.StopAgent();
  machine_.backend.Reboot();

  machine_.MakeAgent();
  const Result<> result = RollBack();
  ASSERT_TRUE(result) << result.error().message;
  machine_.AwaitRebootAsked();
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kRolledBack);
  EXPECT_EQ(machine_.Get(id).reason, "it crashes");
  EXPECT_THAT(machine_.ledger().State().quarantine, IsEmpty());
}

TEST_F(RollbackAloneTest, FromAConfirmedSystem) {
  machine_.UpdateUpToTrial();
  machine_.AwaitGoodBoot();
  machine_.StopAgent();
  machine_.MakeAgent();
  ASSERT_TRUE(RollBack());
  machine_.Reboot();
  machine_.AwaitGoodBoot();
  EXPECT_EQ(machine_.backend.running(), Slot::kA);
}

TEST_F(RollbackAloneTest, WithNowhereToGo) {
  machine_.MakeAgent();
  const Result<> result = RollBack();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kRefused);
}

TEST_F(RollbackAloneTest, ThatFails) {
  machine_.UpdateUpToTrial();
  machine_.AwaitGoodBoot();
  machine_.StopAgent();
  machine_.MakeAgent();
  machine_.backend.Fail(Verb::kRevert, {ErrorCode::kIo, "write the table: Input/output error"});
  const Result<> result = RollBack();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("Input/output error"));
}

}  // namespace
}  // namespace matic::engine
