// Whether there is a backup to go back to.
#include <sys/stat.h>

#include <cerrno>

#include "agent/prechecks/checks.h"
#include "lib/os/output_tail.h"

namespace matic::prechecks {
namespace {

Reason BackupFile(const config::Backup& wanted, WallTime now) {
  struct stat file {};
  if (::stat(wanted.file.c_str(), &file) != 0) {
    return OsError("no backup: " + wanted.file.string(), errno).message + "; make one";
  }
  // In seconds, since the nanoseconds of a file of the year 2300 overflow.
  using std::chrono::seconds;
  const seconds age = std::chrono::floor<seconds>(now.time_since_epoch()) - seconds(file.st_mtime);
  // A file of the future says that one of two clocks was wrong, not that there is a backup.
  if (age < -std::chrono::hours(1)) {
    return "the backup " + wanted.file.string() +
           " is of a time that is yet to come: correct the clock, or make a new backup";
  }
  if (age <= wanted.max_age) return std::nullopt;
  return "the backup " + wanted.file.string() + " is " +
         std::to_string(std::chrono::floor<std::chrono::hours>(age).count()) +
         " hours old, at most " + std::to_string(wanted.max_age.count()) + " are allowed: make one";
}

Reason BackupCommand(const config::Backup& wanted, const Situation& now) {
  const auto outcome =
      now.processes.RunCommand({.argv = wanted.command, .stop = now.stop}, wanted.timeout);
  if (!outcome) return "the backup's command: " + outcome.error().message;
  if (outcome->exit_code == 0) return std::nullopt;
  return "no backup: " + wanted.command.front() + " " + DescribeExit(outcome->exit_code) +
         Quoted(OutputTail(outcome->output)) + "; make one, or see why it is not found";
}

}  // namespace

Reason Backup(const Situation& now) {
  const config::Backup& wanted = now.wanted.backup;
  if (!wanted.file.empty()) {
    if (auto reason = BackupFile(wanted, now.clock.Now())) return reason;
  }
  if (!wanted.command.empty()) return BackupCommand(wanted, now);
  return std::nullopt;
}

}  // namespace matic::prechecks
