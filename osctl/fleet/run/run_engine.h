// Carries a run out: what the planner decides is written to the journal, then done, and what comes
// of it is written and told to the planner (osctl/fleet/planner/run_state.h).
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "lib/os/clock.h"
#include "lib/os/process_runner.h"
#include "osctl/fleet/journal/journal.h"
#include "osctl/fleet/node/node.h"
#include "osctl/fleet/planner/decide.h"
#include "osctl/fleet/planner/run_state.h"
#include "osctl/fleet/run/machine_steps.h"
#include "osctl/fleet/run/run_observer.h"

namespace matic::fleet {

class RunEngine {
 public:
  RunEngine(Journal& journal, Nodes& nodes, ProcessRunner& processes, Clock& clock,
            RunObserver& observer, StepPacing pacing = {});
  ~RunEngine();

  // Whoever calls it holds the fleet's RunLock. The run is in the journal; where something of it
  // was done before, it is gone on with. Returns the state that it ended with. kCancelled where
  // `stop` came before: the run can be gone on with, and what is under way on machines goes on
  // there.
  Result<RunState> Carry(const RunRecord& run, std::stop_token stop);

 private:
  struct Work {
    std::stop_source stop;
    std::jthread thread;
  };
  struct Ended {
    std::string key;
    uint64_t number;
    Happening what;
  };

  Result<> CatchUp();
  Result<> Record(Happening what);
  Result<> Begin(const Action& action);
  Result<> HandOn();
  Result<> Await(const Decision& decision, std::stop_token stop);
  void Start(const std::string& key, std::function<Happening(std::stop_token)> work);
  void Abandon(const std::string& key);

  Happening OnMachine(Step step, size_t machine, bool activated, std::stop_token stop);
  Result<v1::GetHealthResponse> HealthOf(const std::string& machine,
                                         std::chrono::milliseconds limit);
  GroupDone CheckHealth(const Action& action, std::stop_token stop);
  GroupDone RunScript(const Action& action, std::stop_token stop);
  Result<std::unique_ptr<Node>> Open(const std::string& machine);
  // One step's connection serves the next. Only so many are kept as work at once.
  Result<std::unique_ptr<Node>> TakeNode(size_t machine);
  void KeepNode(size_t machine, std::unique_ptr<Node> node);
  void ReleaseLeases();

  Journal& journal_;
  Nodes& nodes_;
  ProcessRunner& processes_;
  Clock& clock_;
  RunObserver& observer_;
  const StepPacing pacing_;

  const RunRecord* run_ = nullptr;
  RunState state_;
  int64_t last_event_ = 0;
  std::mutex kept_mutex_;
  std::map<size_t, std::unique_ptr<Node>> kept_;          // of machines between two steps
  std::map<std::string, std::unique_ptr<Work>> working_;  // by machine or group
  std::vector<std::unique_ptr<Work>> abandoned_;
  std::map<std::string, uint64_t> numbers_;  // of the newest work of each

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Ended> ended_;
};

}  // namespace matic::fleet
