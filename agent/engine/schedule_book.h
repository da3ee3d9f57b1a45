// The schedules: update-schedule.json and what watchers see of it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/schedule.h"
#include "lib/base/result.h"
#include "lib/os/kept_json.h"

namespace matic::engine {

// Not thread-safe. The file is replaced whole; unknown keys of a schedule are kept.
class ScheduleBook {
 public:
  explicit ScheduleBook(std::filesystem::path file);
  ~ScheduleBook();

  // Returns what was wrong with the file (lib/os/kept_json.h); empty: nothing.
  std::string Load();

  // The next free id of that day: "sched-20260127-001". kRefused when the day's 999 are used up.
  Result<std::string> NextId(WallTime now) const;

  // Adds or replaces, durably where `durable`, and gives it a new revision. Progress alone is not
  // worth a write. When the write fails the schedule is kept in memory all the same.
  Result<> Put(const Schedule& schedule, bool durable);

  const Schedule* Find(
      const std::string& id) const;  // an empty id: the active one, else the newest
  const Schedule* FindRequest(const std::string& request_id) const;
  const Schedule* Active() const;  // the one that has not ended
  uint64_t Revision(const std::string& id) const;
  std::vector<Schedule> Newest(size_t limit) const;

 private:
  struct Document;
  // Of those that have ended; false where there is none.
  bool ForgetOldest();
  // Forgets as many as the file cannot hold: first what has ended, then what it cannot read.
  Result<> Save();
  std::string Text();

  KeptJson file_;
  std::unique_ptr<Document> document_;
  std::map<std::string, Schedule> schedules_;  // ids sort by time
  std::map<std::string, uint64_t> revisions_;
  uint64_t last_revision_ = 0;
};

// So many ended schedules are kept, or as many as 4 MiB hold.
inline constexpr size_t kMaxSchedules = 200;

}  // namespace matic::engine
