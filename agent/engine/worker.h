// The one thread that takes the update's steps: transition, persist, act, and the act's outcome is
// the next event.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/engine/aftermath.h"
#include "agent/engine/backend.h"
#include "agent/engine/ledger.h"
#include "agent/engine/preparation.h"
#include "agent/health/check_runner.h"
#include "agent/update/transition.h"
#include "lib/base/replaceable.h"
#include "lib/os/process_runner.h"

namespace matic::engine {

struct WorkerOptions {
  health::RetryPolicy health;
  std::chrono::seconds settle{0};  // from a switch without a reboot to its first check
  std::vector<std::string> reboot_command;
  std::vector<std::string>
      good_boot_command;                 // run once the running system is known good; may be empty
  std::chrono::seconds retry_pause{10};  // after an act that failed and must be done again
  std::chrono::seconds reboot_patience{120};      // then the reboot is asked for again
  std::chrono::milliseconds cause_pause{60'000};  // between two looks at a common cause that stands
};

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
  void Post(update::Event event);

  // For a command line with no daemon, in the caller's thread: brings the ledger's state up to what
  // the disk says, without acting on it, and returns the facts.
  Result<update::Facts> RecoverAlone();
  // Then takes `event`, up to and with the reboot. An error where it came to none.
  Result<> RunAlone(const update::Event& event);

  // Nothing until they could be read once.
  std::optional<update::Facts> LatestFacts() const;

 private:
  void Run(std::stop_token stop);
  bool Recover(std::stop_token stop);
  std::optional<update::Event> NextEvent(std::stop_token stop);
  void Handle(const update::Event& event);
  Result<update::Facts> ReadFacts();
  Result<> Take(const update::Event& event);
  std::optional<update::Event> Perform(const update::Action& action);
  std::optional<update::Event> Perform(const update::Prepare& action);
  std::optional<update::Event> Perform(const update::Stage& action);
  std::optional<update::Event> Perform(const update::AwaitActivation& action);
  std::optional<update::Event> Perform(const update::CheckBaseline& action);
  std::optional<update::Event> Perform(const update::Activate& action);
  std::optional<update::Event> Perform(const update::CheckHealth& action);
  std::optional<update::Event> Perform(const update::Recheck& action);
  std::optional<update::Event> Perform(const update::Confirm& action);
  std::optional<update::Event> Perform(const update::Revert& action);
  std::optional<update::Event> Perform(const update::Discard& action);
  std::optional<update::Event> Perform(const update::Reboot& action);
  std::optional<update::Event> Perform(const update::AnnounceGoodBoot& action);

  update::Facts LookAgain();
  std::optional<std::string> WhyRefused(const update::Order& order,
                                        const update::StagedImage& staged) const;
  ProgressSink MakeSink();
  void Resume();
  void LookAtCommonCause();
  void Repair();
  std::stop_token FreshInterrupt();
  std::string WhyInterrupted();
  bool IsPosted() const;
  bool IsStopping() const;
  bool Pause();

  Replaceable<WorkerOptions> options_;
  Backend& backend_;
  Preparation& preparation_;
  Aftermath& aftermath_;
  health::CheckRunner& checks_;
  ProcessRunner& processes_;
  Clock& clock_;
  Ledger& ledger_;

  mutable std::mutex mutex_;
  std::condition_variable_any posted_;
  std::deque<update::Event> queue_;
  std::stop_source interrupt_;
  bool stopping_ = false;
  std::optional<update::Facts> facts_;
  std::string verified_digest_;  // of what this process staged or verified
  bool reboot_due_ = false;      // a reboot was asked for; only the worker's thread touches it
  std::jthread thread_;
};

}  // namespace matic::engine
