#include "agent/nixos/switch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/nixos/switch_lock.h"
#include "lib/base/unique_fd.h"
#include "tests/unit/agent/nixos/switch_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// switch-to-configuration as NixOS had it before it could check.
constexpr const char* kOldSwitch = R"(case "$1" in
  switch|boot|test|dry-activate) echo "would restart web.service" ;;
  *) echo "Usage: $0 [switch|boot|test|dry-activate]" >&2; exit 1 ;;
esac)";

class SwitchTest : public SwitchHost {
 protected:
  Result<SwitchOutcome> Run(const fs::path& system, SwitchAction action) {
    return RunSwitch(programs_, paths_, {.system = system, .action = action}, {});
  }
};

TEST_F(SwitchTest, WhatItPrintsIsTold) {
  const auto outcome = Run(MakeSystem("2", "echo $1 of ${0##*/}"), SwitchAction::kDryActivate);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->effect, SwitchEffect::kDone);
  EXPECT_EQ(outcome->output, "dry-activate of switch-to-configuration\n");
}

TEST_F(SwitchTest, AnOlderSystemDoesNotKnowAnAction) {
  const fs::path system = MakeSystem("1", kOldSwitch);
  const auto check = Run(system, SwitchAction::kCheck);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_EQ(check->effect, SwitchEffect::kNotKnown);
  EXPECT_EQ(Run(system, SwitchAction::kDryActivate)->effect, SwitchEffect::kDone);
}

TEST_F(SwitchTest, ACheckThatFailsIsNotTakenForAnOldSystem) {
  const auto check =
      Run(MakeSystem("2", "echo 'Usage: zpool [-v] list'; echo 'Pre-switch checks failed'; exit 1"),
          SwitchAction::kCheck);
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, ErrorCode::kIo);
  EXPECT_THAT(check.error().message,
              AllOf(HasSubstr("nixos-system-web-2: switch-to-configuration check exited with 1"),
                    HasSubstr("Pre-switch checks failed")));
}

TEST_F(SwitchTest, ExitCodesOfAnActivationAreNotThoseOfABoot) {
  for (const int code : {2, 4, 11}) {
    const auto boot = Run(MakeSystem("2", "exit " + std::to_string(code)), SwitchAction::kBoot);
    ASSERT_FALSE(boot);
    EXPECT_THAT(boot.error().message, HasSubstr("boot exited with " + std::to_string(code)));
  }
}

TEST_F(SwitchTest, AnotherInitTakesEffectAtAReboot) {
  const auto outcome = Run(MakeSystem("2", "exit 100"), SwitchAction::kDryActivate);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->effect, SwitchEffect::kAtNextBoot);
  EXPECT_THAT(outcome->warnings, ElementsAre(HasSubstr("at a reboot only")));
}

TEST_F(SwitchTest, OneThatRunsAlreadyIsAReasonToWait) {
  const auto outcome =
      Run(MakeSystem("2", "echo 'Could not acquire lock' >&2; exit 11"), SwitchAction::kBoot);
  EXPECT_EQ(outcome.error().code, ErrorCode::kRefused);
}

TEST_F(SwitchTest, OneThatHangsIsEnded) {
  const auto outcome = RunSwitch(
      programs_, paths_,
      {.system = MakeSystem("2", "sleep 1000"), .action = SwitchAction::kCheck, .deadline = 50ms},
      {});
  EXPECT_EQ(outcome.error().code, ErrorCode::kDeadline);
}

TEST_F(SwitchTest, ASystemThatIsGoneIsNamed) {
  const auto outcome = Run(folder_ / "store/gone", SwitchAction::kBoot);
  EXPECT_EQ(outcome.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(outcome.error().message, StartsWith("system gone cannot be switched to: "));
}

TEST(JudgeTest, UnitsAreBlamedForWhatIsNew) {
  const auto judge = [](const std::string& output, const UnitNames& before,
                        const UnitNames& after) {
    return Judge({.system = "/s/x", .action = "test", .exit_code = 4, .output = output}, before,
                 after);
  };
  const std::string two = "warning: the following units failed: a.service, b.mount\n\nx a.service";
  EXPECT_THAT(judge(two, {"a.service"}, {}).error().message,
              HasSubstr("units failed that had not before: b.mount;"));
  EXPECT_THAT(judge(two, {"a.service", "b.mount"}, {"c.service"})->warnings,
              ElementsAre("units that had failed before failed again: a.service, b.mount"));
  EXPECT_THAT(judge("", {}, {"c.service"}).error().message, HasSubstr("c.service"));
  EXPECT_THAT(judge("warning: the following user units failed: u.service", {}, {})->warnings,
              ElementsAre(HasSubstr("user units failed: u.service")));
}

TEST(SwitchLockTest, TheHolderIsNamed) {
  const TemporaryFolder folder;
  const fs::path path = folder / "switch.lock";
  EXPECT_TRUE(CheckSwitchLock(path));

  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_TRUE(CheckSwitchLock(path));
  ASSERT_EQ(::flock(fd.get(), LOCK_EX), 0);
  const auto held = CheckSwitchLock(path);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, ErrorCode::kRefused);
  EXPECT_THAT(held.error().message,
              AllOf(HasSubstr("agent_nixos_test"),
                    HasSubstr("(pid " + std::to_string(::getpid()) + ") holds " + path.string())));
  ASSERT_EQ(::flock(fd.get(), LOCK_UN), 0);
  EXPECT_TRUE(CheckSwitchLock(path));
}

TEST_F(SwitchTest, UnitsOfOurOwnAreNoneOfThem) {
  SetFailedUnits({"matic-activation-1.service", "a.service"});
  EXPECT_THAT(ListUnits(programs_, Trouble::kFailed, {}).value(), ElementsAre("a.service"));
}

}  // namespace
}  // namespace matic::nixos
