// An agent without a machine, to see osctl at work: `fake-agent SOCKET [good|failed|rollback]
// [SECONDS]` walks every update through its phases, a reboot of some SECONDS among them, to the
// named end.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "agent/api/server.h"
#include "tests/fakes/engine/fake_engine.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kImageBytes = 93'100'000;

class FakeAgent {
 public:
  FakeAgent(std::string socket, std::string end, std::chrono::milliseconds reboot,
            std::string listen, std::string pki)
      : end_(std::move(end)), reboot_(reboot) {
    options_.socket = std::move(socket);
    options_.socket_group = "";
    options_.listen = std::move(listen);
    options_.pki_dirs = {std::move(pki)};
  }

  int Run() {
    if (!Serve()) return 1;
    while (true) {
      std::this_thread::sleep_for(100ms);
      const auto newest = engine_.GetSchedule("");
      if (newest && newest->state == ScheduleState::kPending) Play(newest->id);
    }
  }

 private:
  bool Serve() {
    auto server = api::Server::Start(options_, engine_);
    if (!server) {
      std::fprintf(stderr, "fake-agent: %s\n", server.error().message.c_str());
      return false;
    }
    server_ = *std::move(server);
    return true;
  }

  bool Enter(const std::string& id, Phase phase, std::chrono::milliseconds duration) {
    bool ended = false;
    engine_.Advance(id, [&](Schedule& schedule) {
      ended = HasEnded(schedule.state);
      if (ended) return;
      schedule.state = ScheduleState::kInProgress;
      schedule.phase = phase;
    });
    if (!ended) std::this_thread::sleep_for(duration);
    return !ended;
  }

  bool Transfer(const std::string& id, Phase phase, uint64_t steps) {
    for (uint64_t step = 0; step <= steps; ++step) {
      engine_.Advance(id, [&](Schedule& schedule) {
        schedule.progress = {kImageBytes * step / steps, kImageBytes, kImageBytes * 4 / steps};
      });
      if (!Enter(id, phase, 250ms)) return false;
    }
    return true;
  }

  void Restart() {
    std::this_thread::sleep_for(500ms);
    server_->Shutdown();
    server_.reset();
    std::this_thread::sleep_for(reboot_);
    Serve();
  }

  void RunHealth(health::CheckResult service) {
    auto report = *engine_.GetHealth(false, {});
    for (health::CheckReport& check : report.checks) check.result = health::CheckResult::kRunning;
    for (health::CheckReport& check : report.checks) {
      engine_.SetHealth(report);
      std::this_thread::sleep_for(1200ms);
      check.result = check.name == "service" ? service : health::CheckResult::kPassed;
    }
    engine_.SetHealth(report);
    std::this_thread::sleep_for(1200ms);
  }

  void Move(const std::string& from, const std::string& to) {
    Status status = engine_.status();
    for (update::Target& target : status.facts.targets) {
      target.running = target.next = target.name == to;
      target.bootable = target.name != from || end_ == "good";
      target.successful = target.name != from || target.successful;
      if (target.name == "slot-b") target.version = "2.0";
    }
    engine_.SetStatus(status);
  }

  void End(const std::string& id, ScheduleState state, const std::string& reason) {
    engine_.Advance(id, [&](Schedule& schedule) {
      schedule.state = state;
      schedule.phase = Phase::kNone;
      schedule.reason = reason;
    });
  }

  void Play(const std::string& id) {
    if (!Enter(id, Phase::kChecking, 600ms)) return;
    if (!Transfer(id, Phase::kFetching, 24)) return;
    if (end_ == "failed") {
      return End(id, ScheduleState::kFailed, "https://h/os: sha256 is 11aa…, not the 9f2c… named");
    }
    if (!Transfer(id, Phase::kVerifying, 6)) return;
    engine_.Advance(id, [](Schedule& schedule) { schedule.version = "2.0"; });
    if (engine_.GetSchedule(id)->request.stop_after == StopAfter::kStaged) {
      if (!Enter(id, Phase::kStaged, 0ms)) return;
      while (engine_.GetSchedule(id)->phase == Phase::kStaged) std::this_thread::sleep_for(50ms);
    }
    if (!Enter(id, Phase::kActivating, 300ms) || !Enter(id, Phase::kRebooting, 300ms)) return;
    Restart();
    Move("slot-a", "slot-b");
    if (!Enter(id, Phase::kOnTrial, 0ms)) return;
    if (end_ == "good") {
      RunHealth(health::CheckResult::kPassed);
      if (!Enter(id, Phase::kConfirming, 500ms)) return;
      return End(id, ScheduleState::kCompleted, "");
    }
    RunHealth(health::CheckResult::kFailed);
    const std::string reason = "service: matic-agent.service is failed";
    engine_.Advance(id, [&](Schedule& schedule) { schedule.reason = reason; });
    if (!Enter(id, Phase::kRollingBack, 500ms)) return;
    Restart();
    Move("slot-b", "slot-a");
    End(id, ScheduleState::kRolledBack, reason);
  }

  std::string end_;
  std::chrono::milliseconds reboot_;
  api::ApiOptions options_;
  FakeEngine engine_;
  std::unique_ptr<api::Server> server_;
};

}  // namespace
}  // namespace matic::engine

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: fake-agent SOCKET [good|failed|rollback] [SECONDS] [LISTEN PKI]\n");
    return 2;
  }
  const std::string end = argc > 2 ? argv[2] : "good";
  const int seconds = argc > 3 ? std::atoi(argv[3]) : 4;
  return matic::engine::FakeAgent(argv[1], end, std::chrono::seconds(seconds),
                                  argc > 5 ? argv[4] : "", argc > 5 ? argv[5] : "")
      .Run();
}
