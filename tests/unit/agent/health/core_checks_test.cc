#include <gtest/gtest.h>
#include <net/if.h>

#include <map>

#include "agent/health/boot_check.h"
#include "agent/health/network_check.h"
#include "agent/health/service_check.h"
#include "tests/fakes/manual_clock.h"

namespace matic::health {
namespace {

using namespace std::chrono_literals;

// Stands for systemctl on a machine with the given units. It answers for any list of them, which
// scripted runs would not.
class FakeSystemctl final : public ProcessRunner {
 public:
  Result<ProcessOutcome> RunToEnd(const Command& command, std::chrono::milliseconds) override {
    if (broken) return *broken;
    const std::vector<std::string>& argv = command.argv;
    ProcessOutcome outcome;
    const auto dashes = std::find(argv.begin(), argv.end(), "--");
    for (auto unit = std::next(dashes); unit != argv.end(); ++unit) {
      if (!outcome.output.empty()) outcome.output += "\n";
      const auto found = units.find(*unit);
      outcome.output += found == units.end()
                            ? "LoadState=not-found\nActiveState=inactive\nSubState=dead\n"
                            : "LoadState=loaded\n" + found->second;
    }
    return outcome;
  }

  std::map<std::string, std::string> units;
  std::optional<Result<ProcessOutcome>> broken;
};

constexpr const char* kActive = "ActiveState=active\nSubState=running\n";

TEST(BootCheckTest, PassesOnceTheMachineIsUpForLongerThanAsked) {
  fakes::ManualClock clock;
  BootCheck check({.settings = {}, .min_uptime = 10s}, clock);
  clock.Reboot();
  clock.Advance(10s);
  EXPECT_FALSE(check.Run({}).passed);
  EXPECT_EQ(check.Run({}).output, "up 10 s, must be more than 10 s");
  clock.Advance(302s + 700ms);
  EXPECT_TRUE(check.Run({}).passed);
  EXPECT_EQ(check.Run({}).output, "up 312 s");
}

TEST(ServiceCheckTest, PassesWhileEveryUnitIsActive) {
  FakeSystemctl systemctl;
  systemctl.units = {{"a.service", kActive},
                     {"b.service", "ActiveState=reloading\nSubState=reload\n"}};
  const Finding one = ServiceCheck({.settings = {}, .units = {"a.service"}}, systemctl).Run({});
  EXPECT_TRUE(one.passed);
  EXPECT_EQ(one.output, "a.service is active");
  const Finding both =
      ServiceCheck({.settings = {}, .units = {"a.service", "b.service"}}, systemctl).Run({});
  EXPECT_TRUE(both.passed);
  EXPECT_EQ(both.output, "a.service, b.service are active");
}

TEST(ServiceCheckTest, NamesEveryUnitThatIsNotActiveWithItsState) {
  FakeSystemctl systemctl;
  systemctl.units = {{"good.service", kActive},
                     {"failed.service", "ActiveState=failed\nSubState=failed\n"},
                     {"slow.service", "ActiveState=activating\nSubState=auto-restart\n"}};
  const Finding finding =
      ServiceCheck({.settings = {},
                    .units = {"good.service", "failed.service", "slow.service", "gone.service"}},
                   systemctl)
          .Run({});
  EXPECT_FALSE(finding.passed);
  EXPECT_EQ(finding.output,
            "failed.service is failed, slow.service is activating (auto-restart), "
            "gone.service is not found");
}

TEST(ServiceCheckTest, PassesWithoutUnitsAndWithoutAskingAnybody) {
  FakeSystemctl systemctl;
  systemctl.broken = Fail(ErrorCode::kNotFound, "systemctl: No such file or directory");
  EXPECT_TRUE(ServiceCheck({.settings = {}, .units = {}}, systemctl).Run({}).passed);
}

TEST(ServiceCheckTest, FailsWhereSystemctlGivesNoAnswer) {
  FakeSystemctl systemctl;
  ServiceCheck check({.settings = {}, .units = {"a.service"}}, systemctl);
  systemctl.broken = Fail(ErrorCode::kDeadline, "systemctl: killed after 5 s");
  EXPECT_EQ(check.Run({}).output, "systemctl: killed after 5 s");
  systemctl.broken = ProcessOutcome{1, "Failed to connect to bus: No such file\nmore\n"};
  EXPECT_FALSE(check.Run({}).passed);
  EXPECT_EQ(check.Run({}).output,
            "systemctl exited with 1: \"Failed to connect to bus: No such file | more\"");
  systemctl.broken = ProcessOutcome{0, "\n\n"};
  EXPECT_FALSE(check.Run({}).passed);
}

TEST(NetworkCheckTest, AnInterfaceButTheLoopbackMustBeUpWithACarrier) {
  constexpr unsigned kUp = IFF_UP | IFF_RUNNING;
  const Interface loopback{"lo", kUp | IFF_LOOPBACK};
  EXPECT_EQ(JudgeInterfaces({loopback, {"eth0", IFF_UP}, {"eth1", kUp}}).output, "eth1 is up");
  EXPECT_TRUE(JudgeInterfaces({loopback, {"eth1", kUp}}).passed);
  EXPECT_FALSE(JudgeInterfaces({loopback}).passed);
  EXPECT_EQ(JudgeInterfaces({loopback}).output, "no interface but the loopback");
  EXPECT_EQ(JudgeInterfaces({loopback, {"eth0", IFF_UP}, {"eth1", 0}}).output,
            "no interface up: eth0 has no carrier, eth1 is down");
}

TEST(NetworkCheckTest, EveryInterfaceOfThisMachineIsListedOnce) {
  const auto interfaces = ListInterfaces();
  ASSERT_TRUE(interfaces);
  EXPECT_EQ(std::count_if(interfaces->begin(), interfaces->end(),
                          [](const Interface& interface) { return interface.name == "lo"; }),
            1);
}

}  // namespace
}  // namespace matic::health
