// Whether there is a backup to go back to.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "agent/prechecks/checks.h"
#include "lib/base/utf8.h"

namespace matic::prechecks {
namespace {

// What a program said last, fit for one line of text.
std::string LastLine(const std::string& output) {
  constexpr size_t kShown = 200;
  const size_t end = output.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "";
  const size_t before = output.rfind('\n', end);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  std::string line = ToUtf8(std::string_view(output).substr(begin, end + 1 - begin), kShown);
  for (char& c : line) {
    if ((c >= 0 && c < 0x20) || c == 0x7f) c = ' ';
  }
  return line;
}

Reason BackupFile(const config::Backup& wanted, WallTime now) {
  struct stat file {};
  if (::stat(wanted.file.c_str(), &file) != 0) {
    return OsError("no backup: " + wanted.file.string(), errno).message + "; make one";
  }
  const auto changed = WallTime(std::chrono::seconds(file.st_mtim.tv_sec));
  const auto age = std::chrono::floor<std::chrono::hours>(now - changed);
  // One of the future says that one of the two clocks was wrong, not that there is a backup.
  if (changed > now + std::chrono::hours(1)) {
    return "the backup " + wanted.file.string() + " is of " + FormatTime(changed) +
           ", which is in the future: correct the clock, or make a new backup";
  }
  if (now - changed <= wanted.max_age) return std::nullopt;
  return "the backup " + wanted.file.string() + " is " + std::to_string(age.count()) +
         " hours old, at most " + std::to_string(wanted.max_age.count()) + " are allowed: make one";
}

Reason BackupCommand(const config::Backup& wanted, const Situation& now) {
  const auto outcome = now.processes.RunCommand(
      {.argv = wanted.command, .environment = {}, .input = {}, .stop = now.stop}, wanted.timeout);
  if (!outcome) return "the backup's command: " + outcome.error().message;
  if (outcome->exit_code == 0) return std::nullopt;
  const std::string said = LastLine(outcome->output);
  return "no backup: " + wanted.command.front() + " exited with " +
         std::to_string(outcome->exit_code) + (said.empty() ? "" : ", saying: " + said);
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
