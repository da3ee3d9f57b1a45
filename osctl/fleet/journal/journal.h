// Runs of a fleet, on disk (SQLite, https://sqlite.org/fileformat.html; docs/formats.md, "Journal
// of a fleet"): the plan that each began with, and what happened in it. The state of a run is what
// its events make of it (osctl/fleet/planner/run_state.h), so whoever can read the journal can see
// a run or go on with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "osctl/fleet/planner/event.h"
#include "osctl/fleet/planner/plan.h"

namespace matic::fleet {

class Database;

// What is written once, before anything is done.
struct RunRecord {
  std::string id;  // "run-20261121-020000-1f6c"
  std::string fleet;
  WallTime created{};
  std::string requested_by;  // "alice@controller"
  Plan plan;
  std::map<std::string, std::string> addresses{};  // of all machines that the run may ask, by name
  bool finished = false;
};

struct StoredEvent {
  int64_t number = 0;  // grows over all runs, without gaps that mean anything
  Event event;
};

// Several processes may have the same journal open: one carries out a run, others look, or add what
// people wish (Approved, Paused, Stopped). What a call has added is durable when it returns. Not
// thread-safe. A journal that is damaged is kCorrupt; one that another process keeps locked for
// longer than 10 s is kUnavailable.
// When a run last ended well, or had nothing to do; and when all machines of each group were last
// known to be up to date.
struct Successes {
  std::optional<WallTime> fleet{};
  std::map<std::string, WallTime> groups{};
  bool operator==(const Successes&) const = default;
};

// Makes the folder that journals lie in, and those above it, where they are not there: 0700,
// durably.
Result<> MakeJournalFolder(const std::filesystem::path& folder);

class Journal {
 public:
  // Makes the file where it is not there; its folder must be.
  static Result<std::unique_ptr<Journal>> Open(const std::filesystem::path& path);
  ~Journal();

  // kRefused where a run of this fleet has not finished.
  Result<> Begin(const RunRecord& run);

  // Returns the event's number.
  Result<int64_t> Append(const std::string& run, const Event& event);

  // After its last event.
  Result<> Finish(const std::string& run);

  // Of those that are in it; the others stay as they are.
  Result<> NoteSuccesses(const Successes& successes);
  Result<Successes> LatestSuccesses();

  // In the order in which they were added. Those after `number`; at most 1,000 a call.
  Result<std::vector<StoredEvent>> EventsAfter(const std::string& run, int64_t number);

  // kNotFound. Its plan may be large.
  Result<RunRecord> Find(const std::string& run);
  // The one that has not finished, else the newest.
  Result<std::optional<std::string>> Newest();
  Result<std::optional<std::string>> Unfinished();
  // Newest first.
  Result<std::vector<std::string>> RunsSince(WallTime since);
  Result<std::vector<std::string>> FinishedBefore(WallTime before);
  // With all of its events. Where it has not finished, or is not there, nothing happens.
  Result<> Forget(const std::string& run);

 private:
  explicit Journal(std::unique_ptr<Database> database);
  Result<std::vector<std::string>> Ids(const std::string& sql, WallTime time);
  std::unique_ptr<Database> database_;
};

}  // namespace matic::fleet
