#include <gmock/gmock.h>

#include "tests/unit/agent/prechecks/small_machine.h"

namespace matic::prechecks {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RunningSystemTest : public SmallMachine {
 protected:
  // A machine of its own for each answer, as the fake gives one answer after the other.
  std::string RefusalFor(std::vector<std::string> argv, Result<ProcessOutcome> outcome) {
    fakes::FakeProcessRunner processes;
    processes.Script(std::move(argv), std::move(outcome));
    std::string text;
    for (const Refusal& refusal : Prechecks(wanted_, machine_, processes, clock_).Run({})) {
      text += refusal.check + ": " + refusal.reason;
    }
    return text;
  }
};

TEST_F(RunningSystemTest, UnitsThatMustBeActive) {
  wanted_.units = {"a.service", "b.service"};
  const std::vector<std::string> argv = {
      "systemctl", "show",      "--property=LoadState,ActiveState,SubState",
      "--",        "a.service", "b.service"};
  const std::string active = "LoadState=loaded\nActiveState=active\nSubState=running\n";
  EXPECT_EQ(RefusalFor(argv, ProcessOutcome{0, active + "\n" + active}), "");
  EXPECT_EQ(
      RefusalFor(argv, ProcessOutcome{0, active + "\nLoadState=loaded\nActiveState=failed\n"}),
      "services: b.service is failed: start what must run before an update (systemctl status "
      "tells more)");
  EXPECT_THAT(RefusalFor(argv, ProcessOutcome{1, "Failed to connect to bus: No such file\n"}),
              HasSubstr("Failed to connect to bus: No such file"));
  EXPECT_THAT(RefusalFor(argv, Fail(ErrorCode::kNotFound, "systemctl: No such file")),
              StartsWith("services: systemctl: No such file"));
}

TEST_F(RunningSystemTest, TheStateOfTheWholeSystem) {
  const std::vector<std::string> argv = {"systemctl", "is-system-running"};
  struct Row {
    config::SystemState wanted;
    std::string state;
    std::string refusal;
  };
  constexpr auto kAny = config::SystemState::kAny;
  constexpr auto kBooted = config::SystemState::kBooted;
  constexpr auto kRunning = config::SystemState::kRunning;
  for (const Row& row : std::vector<Row>{
           {kAny, "stopping", ""},
           {kBooted, "running", ""},
           {kBooted, "degraded", ""},
           {kBooted, "starting", "still starting"},
           {kBooted, "initializing", "still starting"},
           {kBooted, "maintenance", "'maintenance'"},
           {kBooted, "stopping", "'stopping'"},
           {kBooted, "offline", "'offline'"},
           {kRunning, "running", ""},
           {kRunning, "degraded", "systemctl --failed"},
           {kRunning, "", "''"},
       }) {
    wanted_.system_state = row.wanted;
    const std::string refusal = RefusalFor(argv, ProcessOutcome{1, row.state + "\n"});
    EXPECT_EQ(refusal.empty(), row.refusal.empty()) << row.state << ": " << refusal;
    EXPECT_THAT(refusal, HasSubstr(row.refusal)) << row.state;
  }
  EXPECT_EQ(RefusalFor(argv, Fail(ErrorCode::kNotFound, "systemctl: No such file or directory")),
            "system: the system's state is not known: systemctl: No such file or directory");
}

TEST_F(RunningSystemTest, AMeteredConnectionWhereItIsKnown) {
  const std::vector<std::string> argv = {"busctl",
                                         "get-property",
                                         "--auto-start=no",
                                         "org.freedesktop.NetworkManager",
                                         "/org/freedesktop/NetworkManager",
                                         "org.freedesktop.NetworkManager",
                                         "Metered"};
  EXPECT_EQ(RefusalFor(argv, ProcessOutcome{0, "u 1\n"}), "") << "it is allowed by default";
  wanted_.metered_allowed = false;
  for (const char* value : {"u 1\n", "u 3\n"}) {
    EXPECT_EQ(RefusalFor(argv, ProcessOutcome{0, value}),
              "metered: the network connection is metered: connect to another network");
  }
  for (const char* value : {"u 0\n", "u 2\n", "u 4\n", "u 11\n", "", "s \"u 1\"\n"}) {
    EXPECT_EQ(RefusalFor(argv, ProcessOutcome{0, value}), "") << value;
  }
  EXPECT_EQ(RefusalFor(argv, ProcessOutcome{1, "u 1\n"}), "") << "there is no NetworkManager";
  EXPECT_EQ(RefusalFor(argv, Fail(ErrorCode::kNotFound, "busctl")), "");
}

}  // namespace
}  // namespace matic::prechecks
