#include "osctl/fleet/journal/journal.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "lib/os/durable_file.h"
#include "osctl/fleet/journal/database.h"
#include "osctl/fleet/planner/plan_json.h"

namespace matic::fleet {
namespace {

using nlohmann::json;

constexpr int64_t kVersion = 2;
constexpr int64_t kEventsAtOnce = 1000;

constexpr std::string_view kRuns =
    "CREATE TABLE IF NOT EXISTS runs ("
    " id TEXT PRIMARY KEY, fleet TEXT NOT NULL, created_ns INTEGER NOT NULL,"
    " requested_by TEXT NOT NULL, plan TEXT NOT NULL, addresses TEXT NOT NULL,"
    " finished INTEGER NOT NULL DEFAULT 0) STRICT";
constexpr std::string_view kEvents =
    "CREATE TABLE IF NOT EXISTS events ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id),"
    " event TEXT NOT NULL) STRICT";
// "" is the fleet itself.
constexpr std::string_view kSuccesses =
    "CREATE TABLE IF NOT EXISTS successes ("
    " group_name TEXT PRIMARY KEY, at_ns INTEGER NOT NULL) STRICT";
constexpr std::string_view kEventsByRun =
    "CREATE INDEX IF NOT EXISTS events_by_run ON events (run, number)";

int64_t Nanoseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

WallTime TimeOf(int64_t nanoseconds) {
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(nanoseconds)));
}

Result<std::map<std::string, std::string>> ParseAddresses(const std::string& text) {
  try {
    return json::parse(text).get<std::map<std::string, std::string>>();
  } catch (const json::exception& error) {
    return Fail(ErrorCode::kCorrupt, std::string("addresses of a run: ") + error.what());
  }
}

}  // namespace

Result<> MakeJournalFolder(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return {};
  MATIC_TRY(MakeJournalFolder(folder.parent_path()));
  return MakeFolderDurably(folder, 0700);
}

Journal::Journal(std::unique_ptr<Database> database) : database_(std::move(database)) {}

Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::Open(const std::filesystem::path& path) {
  MATIC_ASSIGN(std::unique_ptr<Database> database, Database::Open(path));
  int64_t version = 0;
  const auto read = [&](const Row& row) -> Result<> {
    version = row.Number(0);
    return {};
  };
  MATIC_TRY(database->Run("PRAGMA user_version", {}, read));
  if (version > kVersion) {
    return Fail(ErrorCode::kRefused, path.string() + " was written by a newer osctl (version " +
                                         std::to_string(version) + " of the journal)");
  }
  const auto make = [&]() -> Result<> {
    MATIC_TRY(database->Run(kRuns));
    MATIC_TRY(database->Run(kEvents));
    MATIC_TRY(database->Run(kEventsByRun));
    MATIC_TRY(database->Run(kSuccesses));
    return database->Run("PRAGMA user_version = 2");
  };
  if (version < kVersion) MATIC_TRY(database->InTransaction(make));
  return std::unique_ptr<Journal>(new Journal(std::move(database)));
}

Result<> Journal::Begin(const RunRecord& run) {
  const std::string plan = ToJson(run.plan);
  const std::string addresses =
      json(run.addresses).dump(-1, ' ', false, json::error_handler_t::replace);
  return database_->InTransaction([&]() -> Result<> {
    MATIC_ASSIGN(const std::optional<std::string> other, Unfinished());
    if (other) {
      return Fail(ErrorCode::kRefused,
                  *other +
                      " has not finished; osctl fleet run --resume goes on with it, osctl "
                      "fleet stop ends it");
    }
    return database_->Run(
        "INSERT INTO runs (id, fleet, created_ns, requested_by, plan, addresses)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        {run.id, run.fleet, Nanoseconds(run.created), run.requested_by, plan, addresses});
  });
}

Result<int64_t> Journal::Append(const std::string& run, const Event& event) {
  const std::string text = ToJson(event);
  MATIC_TRY(database_->Run("INSERT INTO events (run, event) VALUES (?, ?)", {run, text}));
  return database_->LastInserted();
}

Result<> Journal::Finish(const std::string& run) {
  return database_->Run("UPDATE runs SET finished = 1 WHERE id = ?", {run});
}

Result<> Journal::NoteSuccesses(const Successes& successes) {
  const auto note = [&](const std::string& name, WallTime at) {
    return database_->Run("INSERT OR REPLACE INTO successes (group_name, at_ns) VALUES (?, ?)",
                          {name, Nanoseconds(at)});
  };
  return database_->InTransaction([&]() -> Result<> {
    for (const auto& [group, at] : successes.groups) MATIC_TRY(note(group, at));
    if (successes.fleet) MATIC_TRY(note("", *successes.fleet));
    return {};
  });
}

Result<Successes> Journal::LatestSuccesses() {
  Successes successes;
  const auto keep = [&](const Row& row) -> Result<> {
    const std::string name = row.Text(0);
    if (name.empty()) {
      successes.fleet = TimeOf(row.Number(1));
    } else {
      successes.groups[name] = TimeOf(row.Number(1));
    }
    return {};
  };
  MATIC_TRY(database_->Run("SELECT group_name, at_ns FROM successes", {}, keep));
  return successes;
}

Result<std::vector<StoredEvent>> Journal::EventsAfter(const std::string& run, int64_t number) {
  std::vector<StoredEvent> events;
  const auto keep = [&](const Row& row) -> Result<> {
    MATIC_ASSIGN(Event event, ParseEvent(row.Text(1)));
    events.push_back({row.Number(0), std::move(event)});
    return {};
  };
  MATIC_TRY(database_->Run(
      "SELECT number, event FROM events WHERE run = ? AND number > ? ORDER BY number LIMIT ?",
      {run, number, kEventsAtOnce}, keep));
  return events;
}

Result<RunRecord> Journal::Find(const std::string& id) {
  std::optional<RunRecord> found;
  const auto keep = [&](const Row& row) -> Result<> {
    RunRecord run{.id = id,
                  .fleet = row.Text(0),
                  .created = TimeOf(row.Number(1)),
                  .requested_by = row.Text(2),
                  .plan = {}};
    MATIC_ASSIGN(run.plan, ParsePlan(row.Text(3)));
    MATIC_ASSIGN(run.addresses, ParseAddresses(row.Text(4)));
    run.finished = row.Number(5) != 0;
    found = std::move(run);
    return {};
  };
  MATIC_TRY(database_->Run(
      "SELECT fleet, created_ns, requested_by, plan, addresses, finished FROM runs WHERE id = ?",
      {id}, keep));
  if (!found) return Fail(ErrorCode::kNotFound, "there is no run " + id + " in the journal");
  return *std::move(found);
}

Result<std::optional<std::string>> Journal::Unfinished() {
  std::optional<std::string> id;
  MATIC_TRY(database_->Run("SELECT id FROM runs WHERE finished = 0 LIMIT 1", {},
                           [&](const Row& row) -> Result<> {
                             id = row.Text(0);
                             return {};
                           }));
  return id;
}

Result<std::optional<std::string>> Journal::Newest() {
  std::optional<std::string> id;
  MATIC_TRY(database_->Run("SELECT id FROM runs ORDER BY finished, rowid DESC LIMIT 1", {},
                           [&](const Row& row) -> Result<> {
                             id = row.Text(0);
                             return {};
                           }));
  return id;
}

Result<std::vector<std::string>> Journal::Ids(const std::string& sql, WallTime time) {
  std::vector<std::string> ids;
  MATIC_TRY(database_->Run(sql, {Nanoseconds(time)}, [&](const Row& row) -> Result<> {
    ids.push_back(row.Text(0));
    return {};
  }));
  return ids;
}

Result<std::vector<std::string>> Journal::RunsSince(WallTime since) {
  return Ids("SELECT id FROM runs WHERE created_ns >= ? ORDER BY rowid DESC", since);
}

Result<std::vector<std::string>> Journal::FinishedBefore(WallTime before) {
  return Ids("SELECT id FROM runs WHERE finished = 1 AND created_ns < ? ORDER BY rowid DESC",
             before);
}

Result<> Journal::Forget(const std::string& run) {
  return database_->InTransaction([&]() -> Result<> {
    MATIC_TRY(database_->Run(
        "DELETE FROM events WHERE run IN (SELECT id FROM runs WHERE id = ? AND finished = 1)",
        {run}));
    return database_->Run("DELETE FROM runs WHERE id = ? AND finished = 1", {run});
  });
}

}  // namespace matic::fleet
