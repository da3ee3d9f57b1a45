// A machine with two slots, and the agent on it: what the disk and the state folder hold outlives
// an agent, and a reboot starts what the selector would.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "agent/engine/update_engine.h"
#include "lib/os/clock.h"
#include "tests/fakes/fake_backend.h"
#include "tests/fakes/fake_process_runner.h"
#include "tests/fakes/fake_reboot_guard.h"
#include "tests/fakes/fake_reboot_slots.h"
#include "tests/fakes/fake_source_resolver.h"
#include "tests/unit/agent/engine/state_folder.h"

namespace matic::engine {

enum class Found { kPass, kFail, kHang };

class Machine {
 public:
  Machine();
  ~Machine();

  // Critical checks "api" and "service", and "network", which is not. All pass, until one is told
  // otherwise for the system of that version. One that hangs does so until it is told something
  // else.
  void SetCheck(const std::string& check, const std::string& version, Found found);

  void MakeAgent();  // which does nothing yet, as for a command line
  void StartAgent();
  void StopAgent();
  // What the agent asked for: stops it, and starts the machine.
  void Reboot();
  // Stops the agent and sets state folder and slots back to those of an earlier moment, from which
  // the machine starts again.
  void PowerCut(const StateFolder::Contents& files);

  bool AsksForReboot() const;

  // Each returns when it is so, and fails the test where it does not come to be.
  void AwaitRebootAsked();
  void AwaitTrial();     // this start of the machine is counted
  void AwaitGoodBoot();  // the agent is at rest, on a system that is good
  // Reboots as often as the agent asks, until it is at rest.
  void RunToRest();
  void AwaitSchedule(const std::string& id, ScheduleState state);
  void AwaitPhase(const std::string& id, Phase phase);
  template <typename State>
  void AwaitState() {
    Await([this] { return std::holds_alternative<State>(ledger().State().update); });
  }
  void Await(const std::function<bool()>& so);

  ScheduleRequest Request() const;  // of 2.0, with automatic rollback
  std::string Schedule(const ScheduleRequest& request);
  engine::Schedule Get(const std::string& id);
  // An update is staged, activated, and its system started: the agent runs there, on trial.
  std::string UpdateUpToTrial();

  Engine& engine() { return *agent_->engine; }
  Ledger& ledger() { return *agent_->ledger; }
  Worker& worker() { return *agent_->worker; }

  StateFolder folder;
  fakes::FakeBackend backend;
  fakes::FakeProcessRunner processes;
  fakes::FakeRebootGuard guard;
  fakes::FakeRebootSlots slots;
  fakes::FakeSourceResolver resolver;
  WorkerOptions worker_options;
  config::Prechecks wanted;  // none, unless a test asks for one
  config::Hooks hooks;       // none in any folder
  WallTime time_floor;
  calendar::Rules maintenance;
  const Caller alice{"admin alice"};

 private:
  struct Agent {
    std::unique_ptr<health::CheckRunner> checks;
    std::unique_ptr<Ledger> ledger;
    std::unique_ptr<prechecks::Prechecks> prechecks;
    std::unique_ptr<hooks::Runner> hooks;
    std::unique_ptr<Preparation> preparation;
    std::unique_ptr<Aftermath> aftermath;
    std::unique_ptr<Worker> worker;
    std::unique_ptr<RunLease> lease;
    std::unique_ptr<UpdateEngine> engine;
  };

  health::Finding Find(const std::string& check, std::stop_token stop);
  size_t Runs(const std::vector<std::string>& argv) const;

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::pair<std::string, std::string>, Found> findings_;
  size_t reboots_before_ = 0;
  size_t good_boots_before_ = 0;
  std::unique_ptr<Agent> agent_;
};

}  // namespace matic::engine
