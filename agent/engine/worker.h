// The one thread that takes the update's steps: transition, persist, act, and the act's outcome is
// the next event.
#pragma once

#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agent/engine/aftermath.h"
#include "agent/engine/backend.h"
#include "agent/engine/inbox.h"
#include "agent/engine/ledger.h"
#include "agent/engine/performer.h"
#include "agent/engine/preparation.h"
#include "agent/engine/worker_options.h"
#include "agent/health/check_runner.h"
#include "agent/update/transition.h"
#include "lib/base/replaceable.h"
#include "lib/os/process_runner.h"

namespace matic::engine {

class Worker {
 public:
  Worker(WorkerOptions options, Backend& backend, Preparation& preparation, Aftermath& aftermath,
         health::CheckRunner& checks, ProcessRunner& processes, Clock& clock, Ledger& ledger);
  ~Worker();

  // Thread-safe; for acts that begin from now on.
  void Configure(WorkerOptions options) { options_.Replace(std::move(options)); }

  // Reads the facts and recovers from the ledger's state, then takes events until Stop. The ledger
  // is loaded before.
  void Start();
  // What is under way is cut short; the next start goes on from the state on disk.
  void Stop();

  // Thread-safe. Staging and health checks under way are cut short for it.
  void Post(update::Event event) { inbox_.Post(std::move(event)); }

  // For a command line with no daemon, in the caller's thread: brings the ledger's state up to what
  // the disk says, without acting on it, and returns the facts.
  Result<update::Facts> RecoverAlone();
  // Then takes `event`, up to and with the reboot. An error where it came to none.
  Result<> RunAlone(const update::Event& event);

  // Nothing until they could be read once.
  std::optional<update::Facts> LatestFacts() const { return performer_.LatestFacts(); }

 private:
  void Run();
  bool Recover();
  void Resume();
  std::optional<std::chrono::milliseconds> Patience() const;
  void Handle(const update::Event& event);
  Result<> Take(const update::Event& event);
  Result<> Keep(const update::Step& step, bool go_on);
  void FollowUp(const std::vector<update::Outcome>& ends);
  std::optional<update::Event> Perform(const update::Action& action);
  bool Pause();

  Replaceable<WorkerOptions> options_;
  Preparation& preparation_;
  Aftermath& aftermath_;
  Clock& clock_;
  Ledger& ledger_;
  Inbox inbox_;
  Performer performer_;
  bool reboot_due_ = false;  // a reboot was asked for
  // The last end, where what follows it was cut off; it is done after the first step.
  std::optional<update::Outcome> cut_off_;
  std::thread thread_;
};

}  // namespace matic::engine
