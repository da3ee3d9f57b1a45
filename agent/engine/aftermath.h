// What follows the end of an update: hooks, and what is kept of a start that failed.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/engine/ledger.h"
#include "agent/engine/source_resolver.h"
#include "agent/hooks/runner.h"
#include "agent/update/transition.h"
#include "lib/os/process_runner.h"

namespace matic::engine {

class Aftermath {
 public:
  // `crash_folders`: where kernels leave records of their end (lib/os/crash_record.h).
  Aftermath(SourceResolver& resolver, hooks::Runner& hooks, ProcessRunner& processes,
            Ledger& ledger, std::vector<std::filesystem::path> crash_folders);

  // Where an update was confirmed, nothing older of a manifest is taken from now on. Before the end
  // is kept, so that no power loss comes between; done twice, it is done once.
  void ShutOutOlder(const update::Outcome& outcome);

  // Runs the hooks of a completed update or of a rollback, and keeps the tail of the journal of the
  // start that was left, and of the record of a kernel that crashed since the update was asked for.
  // A failure is told in the history and changes nothing. What a power loss cuts off is done again
  // after the next start, once (Ledger::BeginFollowUp). Takes as long as the hooks do, each with
  // its deadline; cut short when stopped.
  void Follow(const update::Outcome& outcome, std::stop_token stop);

 private:
  void KeepJournal(const update::Outcome& outcome);
  void KeepCrash(const update::Outcome& outcome);

  SourceResolver& resolver_;
  hooks::Runner& hooks_;
  ProcessRunner& processes_;
  Ledger& ledger_;
  std::vector<std::filesystem::path> crash_folders_;
};

// Whether it is an end that Follow does anything for.
bool HasFollowUp(const update::Outcome& outcome);

// Each hook that was run, into the history.
void NoteHooks(Ledger& ledger, const std::string& schedule_id, const hooks::Report& report);

}  // namespace matic::engine
