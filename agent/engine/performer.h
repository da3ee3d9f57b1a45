// Carries out what the state machine asks for: with the backend, the health checks, and the
// commands of this machine.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "agent/engine/backend.h"
#include "agent/engine/inbox.h"
#include "agent/engine/ledger.h"
#include "agent/engine/preparation.h"
#include "agent/engine/worker_options.h"
#include "agent/health/check_runner.h"
#include "agent/update/transition.h"
#include "lib/base/replaceable.h"
#include "lib/os/process_runner.h"

namespace matic::engine {

// All but LatestFacts for one thread.
class Performer {
 public:
  Performer(const Replaceable<WorkerOptions>& options, Backend& backend, Preparation& preparation,
            health::CheckRunner& checks, ProcessRunner& processes, Clock& clock, Ledger& ledger,
            Inbox& inbox);

  // What came of it. Nothing where the action ends in none, or was cut short: it is done again.
  std::optional<update::Event> Perform(const update::Action& action);

  // Of the disk, once its tables are mended where they need it.
  Result<update::Facts> ReadFacts();
  // Nothing until they could be read once.
  std::optional<update::Facts> LatestFacts() const;

  // People see in the status when it has ended, without asking for the health.
  void LookAtCommonCause();

 private:
  std::optional<update::Event> Perform(const update::AwaitTurn& action);
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
  Result<> VerifyOnce(const update::StagedImage& image, std::stop_token stop);
  std::optional<std::string> WhyRefused(const update::Order& order,
                                        const update::StagedImage& staged) const;
  ProgressSink MakeSink();
  void Repair();

  const Replaceable<WorkerOptions>& options_;
  Backend& backend_;
  Preparation& preparation_;
  health::CheckRunner& checks_;
  ProcessRunner& processes_;
  Clock& clock_;
  Ledger& ledger_;
  Inbox& inbox_;

  mutable std::mutex mutex_;
  std::optional<update::Facts> facts_;
  std::string verified_digest_;  // of what this process staged or verified
};

}  // namespace matic::engine
