// What happened, for good: history.jsonl, one event a line (docs/formats.md, "State").
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "agent/engine/state_store.h"
#include "lib/base/result.h"
#include "lib/os/line_log.h"

namespace matic::engine {

// Appended and fsynced; a torn last line, left by a power loss, is tolerated. Past 1 MiB the older
// half is dropped.
class History {
 public:
  explicit History(std::filesystem::path file);

  // Appends once: an outcome whose id is there already is not written again. Returns whether it is
  // new.
  Result<bool> Record(const RecordedOutcome& outcome);

  // Appends what is no end of an update. Its output is kept to 8 KiB.
  Result<> Note(const HistoryEvent& event);

  // Newest first, ends of updates included.
  Result<std::vector<HistoryEvent>> Events(size_t limit, std::optional<WallTime> since) const;

  // Newest first. Lines that cannot be read, or are of another kind, are passed over.
  Result<std::vector<RollbackRecord>> Rollbacks(size_t limit) const;

 private:
  LineLog log_;
};

}  // namespace matic::engine
