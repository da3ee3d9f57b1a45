#include "agent/nixos/activation.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/unit/agent/nixos/switch_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Real time, with waits that nobody notices.
class QuickClock final : public Clock {
 public:
  WallTime Now() const override { return clock_.Now(); }
  BootTime SinceBoot() const override { return clock_.SinceBoot(); }
  bool Wait(std::chrono::nanoseconds duration, std::stop_token stop) override {
    return clock_.Wait(duration / 100, std::move(stop));
  }

 private:
  SystemClock clock_;
};

class ActivationTest : public SwitchHost {
 protected:
  Activator MakeActivator() {
    return Activator(programs_, clock_, paths_, folder_ / "state",
                     {"ACTIVATIONS=" + (folder_ / "activations").string()});
  }
  Result<SwitchOutcome> Activate(const fs::path& system, const std::string& id = "sched-1",
                                 const OutputSink& sink = nullptr, std::stop_token stop = {}) {
    return MakeActivator().Activate({.system = system, .id = id}, sink, std::move(stop));
  }
  // Activates a system that ends when told to, and goes away while it runs.
  fs::path LeaveRunning(const std::string& id = "sched-1", const std::string& end = "exit 0") {
    const fs::path system =
        MakeSystem("slow", "echo begun; while [ ! -e " + (folder_ / "go").string() +
                               " ]; do sleep 0.01; done\n" + end);
    std::stop_source stop;
    const Result<SwitchOutcome> left = Activate(
        system, id, [&](std::string_view) { stop.request_stop(); }, stop.get_token());
    EXPECT_EQ(left.error().code, ErrorCode::kCancelled);
    return system;
  }

  QuickClock clock_;
};

TEST_F(ActivationTest, ASystemIsSwitchedToInAUnitOfItsOwn) {
  const fs::path system = MakeSystem(
      "2", "echo \"$1 ${0%/bin/*} in $(pwd)\" >> \"$ACTIVATIONS\"; echo activating; echo done");
  std::string told;
  const auto outcome = Activate(system, "sched-1", [&](std::string_view more) { told += more; });
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->effect, SwitchEffect::kDone);
  EXPECT_THAT(outcome->warnings, ElementsAre());
  EXPECT_EQ(outcome->output, "activating\ndone\n");
  EXPECT_EQ(told, outcome->output);
  EXPECT_EQ(Read("activations"), "test " + system.string() + " in /\n");
  AwaitFile(folder_ / "units/matic-activation-sched-1.service/exited");
  EXPECT_EQ(Read("units/matic-activation-sched-1.service/journal"), "activating\ndone\n");
}

TEST_F(ActivationTest, WhatEndsWhileNobodyLooksIsFoundAgain) {
  const fs::path system = LeaveRunning("sched-1", "echo late; exit 2");
  Write("go", "");
  AwaitFile(folder_ / "units/matic-activation-sched-1.service/exited");
  for (int agent = 0; agent < 2; ++agent) {
    const auto outcome = Activate(system);
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().message,
                AllOf(HasSubstr("activation script failed"), HasSubstr("\"begun | late\"")));
  }
  EXPECT_EQ(UnitsStarted(), 1u);
}

TEST_F(ActivationTest, WhatStillRunsIsWaitedForAgain) {
  const fs::path system = LeaveRunning();
  Write("go", "");
  EXPECT_TRUE(Activate(system));
  EXPECT_EQ(UnitsStarted(), 1u);
}

TEST_F(ActivationTest, AnotherAttemptIsAnotherActivation) {
  const fs::path system = MakeSystem("2", "echo again >> \"$ACTIVATIONS\"");
  ASSERT_TRUE(Activate(system, "sched-1"));
  ASSERT_TRUE(Activate(system, "sched-2"));
  EXPECT_EQ(Read("activations"), "again\nagain\n");
  EXPECT_FALSE(fs::exists(folder_ / "units/matic-activation-sched-1.service"));
}

TEST_F(ActivationTest, TheSameIdForAnotherSystemIsAnotherActivation) {
  ASSERT_TRUE(Activate(MakeSystem("2", "echo 2 >> \"$ACTIVATIONS\"")));
  ASSERT_TRUE(Activate(MakeSystem("3", "echo 3 >> \"$ACTIVATIONS\"")));
  EXPECT_EQ(Read("activations"), "2\n3\n");
}

TEST_F(ActivationTest, GoingBackEndsWhatStillRuns) {
  LeaveRunning("sched-1");
  ASSERT_TRUE(Activate(MakeSystem("1", "exit 0"), "sched-1-back"));
  Write("go", "");
  EXPECT_FALSE(fs::exists(folder_ / "units/matic-activation-sched-1.service"));
  EXPECT_EQ(MakeActivator().Forget({}).has_value(), true);
  EXPECT_TRUE(fs::is_empty(folder_ / "state"));
}

TEST_F(ActivationTest, AResultOfAnotherStartOfTheMachineIsNone) {
  const fs::path system = MakeSystem("2", "echo again >> \"$ACTIVATIONS\"");
  ASSERT_TRUE(Activate(system));
  // Its unit ends after its result is there.
  AwaitFile(folder_ / "units/matic-activation-sched-1.service/exited");
  fs::remove_all(folder_ / "units/matic-activation-sched-1.service");
  Write("boot_id", "99999999-2222-3333-4444-555555555555\n");
  ASSERT_TRUE(Activate(system));
  EXPECT_EQ(Read("activations"), "again\nagain\n");
}

TEST_F(ActivationTest, AnAgentThatEndedBeforeItsUnitWasStartedStartsIt) {
  const fs::path system = MakeSystem("2", "exit 0");
  ASSERT_TRUE(ActivationRecord(folder_ / "state")
                  .Save({.id = "sched-1",
                         .system = system,
                         .boot_id = "11111111-2222-3333-4444-555555555555"}));
  EXPECT_TRUE(Activate(system));
  EXPECT_EQ(UnitsStarted(), 1u);
}

TEST_F(ActivationTest, OneThatIsKilledHasNoResult) {
  const fs::path system = LeaveRunning();
  KillUnit("matic-activation-sched-1.service");
  const auto outcome = Activate(system);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kIo);
  EXPECT_THAT(outcome.error().message,
              AllOf(HasSubstr("unit matic-activation-sched-1.service ended without a result "
                              "(signal)"),
                    HasSubstr("status=9/KILL")));
  EXPECT_EQ(UnitsStarted(), 1u);
}

TEST_F(ActivationTest, SystemdMayFallSilentForAWhile) {
  const fs::path system = LeaveRunning();
  WriteProgram("systemctl", "#!/bin/sh\ntouch " + (folder_ / "go").string() +
                                "\necho 'Failed to connect to bus' >&2; exit 1\n");
  const auto outcome = Activate(system);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(UnitsStarted(), 1u);
}

TEST_F(ActivationTest, UnitsThatHadFailedBeforeAreNotBlamed) {
  SetFailedUnits({"old.service", "matic-activation-x.service"});
  const fs::path system =
      MakeSystem("2", "echo 'warning: the following units failed: old.service'; exit 4");
  const auto outcome = Activate(system);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_THAT(outcome->warnings,
              ElementsAre("units that had failed before failed again: old.service"));
}

TEST_F(ActivationTest, UnitsThatFailNowAre) {
  SetFailedUnits({"old.service"});
  const std::string list = (folder_ / "units/failed").string();
  const fs::path system =
      MakeSystem("2", "echo 'web.service loaded failed failed x' >> " + list + "; exit 4");
  const auto outcome = Activate(system);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kIo);
  EXPECT_THAT(outcome.error().message, HasSubstr("units failed that had not before: web.service;"));
}

TEST_F(ActivationTest, AResultThatIsGarbageIsSetAside) {
  for (const std::string& garbage : {std::string("\0\1garbage", 9), std::string(1 << 20, 'x'),
                                     std::string("id sched-1\nsystem /x\nboot y\nexit ok\n")}) {
    const fs::path system = LeaveRunning();
    Write("state/activation.result", garbage);
    const auto outcome = Activate(system);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(outcome.error().message, HasSubstr("is no result of an activation"));
    ASSERT_TRUE(MakeActivator().Forget({}));
  }
}

TEST_F(ActivationTest, ANoteThatIsGarbageIsNone) {
  Write("state/activation.json", "{\"id\": 7");
  EXPECT_TRUE(Activate(MakeSystem("2", "exit 0")));
  EXPECT_EQ(Read("state/activation.json.bad-1"), "{\"id\": 7");
}

TEST_F(ActivationTest, ALongOutputIsToldToItsEnd) {
  const auto outcome = Activate(MakeSystem("2", "seq 100000; echo the end"));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output.size(), 64u * 1024);
  EXPECT_TRUE(outcome->output.ends_with("\nthe end\n"));
}

TEST_F(ActivationTest, WhatCannotBeActivatedIsNotTried) {
  const fs::path gone = folder_ / "store/gone";
  EXPECT_EQ(Activate(gone).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Activate(MakeSystem("2", "exit 0"), "../x y").error().code,
            ErrorCode::kInvalidArgument);
  WriteProgram("systemd-run", "#!/bin/sh\necho 'Failed to connect to bus' >&2; exit 1\n");
  const auto refused = Activate(MakeSystem("2", "exit 0"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(StartsWith("start unit matic-activation-sched-1.service: "),
                    HasSubstr("Failed to connect to bus")));
}

TEST_F(ActivationTest, AFolderThatCannotBeWrittenStartsNothing) {
  fs::remove_all(folder_ / "state");
  const auto outcome = Activate(MakeSystem("2", "exit 0"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(UnitsStarted(), 0u);
}

}  // namespace
}  // namespace matic::nixos
