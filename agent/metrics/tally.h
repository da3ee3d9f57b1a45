// How often updates ended how, since this machine was set up: metrics.json in the state folder
// (docs/formats.md, "State").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "lib/base/result.h"
#include "lib/os/kept_json.h"

namespace matic::metrics {

struct Ends {
  uint64_t count = 0;
  double seconds = 0;  // from asking to the end, all together
};

struct Totals {
  std::map<std::string, Ends> updates;                                // by state: "completed", …
  std::map<std::pair<std::string, std::string>, uint64_t> rollbacks;  // by kind and cause
};

// "automatic" or "manual".
std::string KindName(engine::RollbackKind kind);

// What a rollback came from, of few kinds, since a label of free text would be a series each:
// "manual", "health" (checks failed), "boot-attempts" (started, and never confirmed itself) or
// "not-started" (the boot selector could not or did not start it).
std::string CauseName(const engine::RollbackRecord& record);

// The engine keeps a bounded number of schedules and of rollbacks; this adds each of them to the
// totals once, so that the totals never fall. What the engine had forgotten before it was counted
// is missing. Without the file, or with one that cannot be read (lib/os/kept_json.h), counting
// begins anew with what the engine still knows.
class Tally {
 public:
  explicit Tally(std::filesystem::path file);

  // Both newest first, as the engine lists them. An error is the file's write; the totals hold all
  // the same, and the next call tries again.
  Result<> Count(const std::vector<engine::Schedule>& schedules,
                 const std::vector<engine::RollbackRecord>& rollbacks);

  const Totals& totals() const { return totals_; }

  // Why the totals of before could not be read; empty: they could, or there were none.
  const std::string& problem() const { return problem_; }

 private:
  Result<> Load();
  Result<> Save();

  KeptJson file_;
  std::string problem_;
  Totals totals_;
  std::set<std::string> counted_;  // ids of schedules that the engine may list again
  std::set<std::string> counted_rollbacks_;
  bool unsaved_ = false;
};

}  // namespace matic::metrics
