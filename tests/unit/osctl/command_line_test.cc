// The program as a script meets it: its exit code, its standard output and its errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "agent/api/server.h"
#include "tests/fakes/engine/fake_engine.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int code;
  std::string out;
  std::string errors;
};

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    options_.socket = folder_ / "agent.sock";
    options_.socket_group = "";
    options_.pki_dirs = {folder_ / "node"};
  }

  void StartAgent() {
    auto server = api::Server::Start(options_, engine_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  Outcome Run(const std::string& arguments) const {
    const fs::path out = folder_ / "out";
    const fs::path errors = folder_ / "errors";
    const std::string command = "HOME=" + folder_.string() + " " OSCTL " --socket " +
                                options_.socket.string() + " " + arguments + " >" + out.string() +
                                " 2>" + errors.string();
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, Read(out), Read(errors)};
  }

  static std::string Read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string Update() const {
    return "schedule update --source https://h/os --sha256 " + std::string(64, 'a');
  }

  void Advance(engine::ScheduleState state, engine::Phase phase, const std::string& reason = "") {
    engine_.Advance("sched-20260127-001", [&](engine::Schedule& schedule) {
      schedule.state = state;
      schedule.phase = phase;
      schedule.reason = reason;
    });
  }

  static void Await(const std::string& what, const std::function<bool()>& reached) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!reached()) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "waited in vain for " << what;
        return;
      }
      std::this_thread::sleep_for(10ms);
    }
  }

  void WaitForSchedule() {
    Await("a schedule", [&] { return !engine_.ListSchedules(1).empty(); });
  }

  // Of the command that runs.
  void WaitForOutput(const std::string& text) const {
    Await(text, [&] { return Read(folder_ / "out").find(text) != std::string::npos; });
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  api::ApiOptions options_;
  engine::FakeEngine engine_;
  std::unique_ptr<api::Server> server_;
};

TEST_F(CommandLineTest, WrongUsageIsTwoAndSaysWhatWasMeant) {
  EXPECT_EQ(Run("--help").code, 0);
  EXPECT_THAT(Run("--help").out, HasSubstr("5  the update that was waited for was rolled back"));
  const Outcome bogus = Run("schedule bogus");
  EXPECT_EQ(bogus.code, 2);
  EXPECT_EQ(bogus.errors,
            "osctl: 'bogus' is not a command of osctl schedule; see osctl schedule --help\n");
  EXPECT_EQ(Run("schedule update --source https://h/os --sha256 12").code, 2);
  EXPECT_EQ(Run("schedule update --source os --sha256 " + std::string(64, 'a')).code, 2);
  EXPECT_EQ(Run("--output yaml status").code, 2);
  const Outcome json = Run("--output json bogus");
  EXPECT_EQ(nlohmann::json::parse(json.errors)["error"]["code"], "invalid-argument");
}

TEST_F(CommandLineTest, OutputThatCannotBeWrittenIsAFailure) {
  StartAgent();
  for (const char* command :
       {"status", "--help", "completion bash", "schedule list --output json"}) {
    const Outcome full = Run(std::string(command) + " >/dev/full #");
    EXPECT_EQ(full.code, 1) << command;
  }
  const fs::path errors = folder_ / "said";
  Run("status 2>" + errors.string() + " >/dev/full #");
  EXPECT_EQ(Read(errors),
            "osctl: write the output: No space left on device; the command itself was carried "
            "out\n");
}

TEST_F(CommandLineTest, AnAgentThatDoesNotRunIsThree) {
  const Outcome outcome = Run("status");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.errors, "osctl: agent not running: cannot connect to " +
                                options_.socket.string() +
                                ": No such file or directory; is matic-agent.service active? "
                                "(--node names another machine)\n");
}

TEST_F(CommandLineTest, ErrorsOfTheNodeHaveTheirCodes) {
  StartAgent();
  EXPECT_EQ(Run(Update()).code, 0);
  const Outcome second = Run(Update());
  EXPECT_EQ(second.code, 6);
  EXPECT_EQ(second.errors, "osctl: sched-20260127-001 runs; one update at a time\n");
  EXPECT_EQ(Run("schedule status sched-20260127-009").code, 1);
  const Outcome json = Run("schedule status sched-20260127-009 --output json");
  EXPECT_EQ(json.errors,
            "{\"error\":{\"code\":\"not-found\",\"message\":\"there is no schedule "
            "'sched-20260127-009'\"}}\n");
}

TEST_F(CommandLineTest, JsonIsTheAnswerOfTheNode) {
  StartAgent();
  const auto status = nlohmann::json::parse(Run("status --output json").out);
  EXPECT_EQ(status["node_name"], "edge-7");
  EXPECT_EQ(status["targets"][0]["running"], true);
  EXPECT_EQ(status["targets"][1]["priority"], 0);
  const auto health = nlohmann::json::parse(Run("--output json health").out);
  EXPECT_EQ(health["state"], "HEALTH_STATE_DEGRADED");
}

TEST_F(CommandLineTest, AWatchEndsWithTheOutcomesCode) {
  StartAgent();
  std::thread update([&] {
    WaitForSchedule();
    Advance(engine::ScheduleState::kInProgress, engine::Phase::kActivating);
    WaitForOutput("Activating");
    Advance(engine::ScheduleState::kRolledBack, engine::Phase::kNone, "boot attempts used up");
  });
  const Outcome outcome = Run(Update() + " --watch");
  update.join();
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.out, StartsWith("Schedule ID: sched-20260127-001\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("Rolled back  boot attempts used up; running 1.9 on slot-a\n"));
}

TEST_F(CommandLineTest, AWatchSurvivesTheNodesReboot) {
  StartAgent();
  std::thread update([&] {
    WaitForSchedule();
    Advance(engine::ScheduleState::kInProgress, engine::Phase::kRebooting);
    WaitForOutput("Rebooting");
    server_.reset();
    std::this_thread::sleep_for(1s);  // the machine is away
    Advance(engine::ScheduleState::kCompleted, engine::Phase::kNone);
    StartAgent();
  });
  const Outcome outcome = Run(Update() + " --watch");
  update.join();
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.out, HasSubstr("Rebooting into slot-b …  back after "));
  EXPECT_THAT(outcome.out, HasSubstr("Completed "));
}

TEST_F(CommandLineTest, AWatchOfJsonIsAnObjectALine) {
  StartAgent();
  std::thread update([&] {
    WaitForSchedule();
    WaitForOutput("SCHEDULE_STATE_PENDING");
    Advance(engine::ScheduleState::kFailed, engine::Phase::kNone, "404 Not Found");
  });
  const Outcome outcome = Run(Update() + " --watch --output json");
  update.join();
  EXPECT_EQ(outcome.code, 4);
  std::istringstream lines(outcome.out);
  std::string line;
  nlohmann::json last;
  while (std::getline(lines, line)) last = nlohmann::json::parse(line);
  EXPECT_EQ(last["schedule"]["state"], "SCHEDULE_STATE_FAILED");
  EXPECT_EQ(last["schedule"]["reason"], "404 Not Found");
}

TEST_F(CommandLineTest, AWatchOfWhatStopsAfterStagingEndsThere) {
  StartAgent();
  std::thread update([&] {
    WaitForSchedule();
    Advance(engine::ScheduleState::kInProgress, engine::Phase::kStaged);
  });
  const Outcome outcome = Run(Update() + " --stop-after-staging --watch");
  update.join();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("Go on with: osctl schedule activate sched-20260127-001\n"));
}

TEST_F(CommandLineTest, AWatchIsBoundedByTheTimeout) {
  StartAgent();
  const Outcome outcome = Run(Update() + " --watch --timeout 0.8");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("--timeout is over"));
  EXPECT_EQ(engine_.GetSchedule("")->state, engine::ScheduleState::kPending);
}

TEST_F(CommandLineTest, MutualTlsIsSetUpWithThreeCommands) {
  const std::string ca = (folder_ / "ca").string();
  ASSERT_EQ(Run("pki init --dir " + ca).code, 0);
  ASSERT_EQ(Run("pki issue --dir " + ca + " --role server --name node --host 127.0.0.1 --out " +
                (folder_ / "node").string())
                .code,
            0);
  ASSERT_EQ(Run("pki issue --dir " + ca + " --role reader --name bob --out " +
                (folder_ / ".config/matic/pki").string())
                .code,
            0);
  EXPECT_EQ(Run("pki init --dir " + ca).code, 6);
  EXPECT_EQ(Run("pki init --force --dir " + (folder_ / "ca2").string()).code, 0);
  options_.listen = "127.0.0.1:0";
  StartAgent();
  const std::string node = "--node 127.0.0.1:" + std::to_string(server_->tcp_port());
  EXPECT_EQ(Run(node + " status").code, 0);
  const Outcome denied = Run(node + " reboot");
  EXPECT_EQ(denied.code, 3);
  EXPECT_EQ(denied.errors,
            "osctl: reader bob (127.0.0.1) may not call Reboot: it takes the role operator\n");
  // Another name for the same node is not in its certificate.
  const Outcome misnamed =
      Run("--node localhost:" + std::to_string(server_->tcp_port()) + " status");
  EXPECT_EQ(misnamed.code, 3);
  EXPECT_THAT(misnamed.errors, HasSubstr("does not name localhost"));

  ASSERT_EQ(Run("pki issue --dir " + (folder_ / "ca2").string() +
                " --role admin --name eve --out " + (folder_ / "eve").string())
                .code,
            0);
  fs::copy_file(folder_ / "ca/ca.pem", folder_ / "eve/ca.pem",
                fs::copy_options::overwrite_existing);
  const Outcome stranger = Run(node + " --pki " + (folder_ / "eve").string() + " status");
  EXPECT_EQ(stranger.code, 3);
  EXPECT_THAT(stranger.errors, HasSubstr("the node may not trust"));
  const Outcome nobody = Run(node + " --pki " + (folder_ / "nothing").string() + " status");
  EXPECT_EQ(nobody.code, 3);
  EXPECT_THAT(nobody.errors, HasSubstr("no client certificate"));
}

TEST_F(CommandLineTest, AWatchOverTheNetworkSurvivesTheNodesReboot) {
  const std::string ca = (folder_ / "ca").string();
  ASSERT_EQ(Run("pki init --dir " + ca).code, 0);
  ASSERT_EQ(Run("pki issue --dir " + ca + " --role server --name 127.0.0.1 --out " +
                (folder_ / "node").string())
                .code,
            0);
  ASSERT_EQ(Run("pki issue --dir " + ca + " --role operator --name alice --out " +
                (folder_ / ".config/matic/pki").string())
                .code,
            0);
  options_.listen = "127.0.0.1:0";
  StartAgent();
  options_.listen = "127.0.0.1:" + std::to_string(server_->tcp_port());
  std::thread update([&] {
    WaitForSchedule();
    Advance(engine::ScheduleState::kInProgress, engine::Phase::kRebooting);
    WaitForOutput("Rebooting");
    server_.reset();
    std::this_thread::sleep_for(2s);  // the machine is away
    Advance(engine::ScheduleState::kCompleted, engine::Phase::kNone);
    StartAgent();
  });
  const auto begin = std::chrono::steady_clock::now();
  const Outcome outcome = Run("--node " + options_.listen + " " + Update() + " --watch");
  update.join();
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.out, HasSubstr("Rebooting into slot-b …  back after "));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 12s);
}

}  // namespace
}  // namespace matic::osctl
