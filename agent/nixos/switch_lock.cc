#include "agent/nixos/switch_lock.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "lib/os/durable_file.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

constexpr size_t kMaxLocks = 16 * 1024 * 1024;
constexpr size_t kMaxCommandLine = 2 * 1024 * 1024;  // the kernel's own limit, ARG_MAX
constexpr size_t kShownCommand = 200;

// "1: FLOCK  ADVISORY  WRITE 1234 00:1b:714 0 EOF" (proc_locks(5)); one who waits for a lock has
// "->" before its kind.
std::optional<std::string> HolderIn(const std::string& locks, const struct stat& file) {
  char wanted[64];
  std::snprintf(wanted, sizeof wanted, "%02x:%02x:%llu", major(file.st_dev), minor(file.st_dev),
                static_cast<unsigned long long>(file.st_ino));
  std::istringstream lines(locks);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, pid, place;
    if (words >> number >> kind >> advisory >> access >> pid >> place && kind == "FLOCK" &&
        place == wanted) {
      return pid;
    }
  }
  return std::nullopt;
}

std::string CommandOf(const std::string& pid) {
  Result<std::string> command = ReadFile("/proc/" + pid + "/cmdline", kMaxCommandLine);
  if (!command || command->empty()) return "a process that cannot be seen";
  std::ranges::replace(*command, '\0', ' ');
  command->erase(command->find_last_not_of(' ') + 1);
  std::string shown = CleanText(command->substr(0, kShownCommand));
  return shown + (command->size() > kShownCommand ? "…" : "");
}

}  // namespace

Result<> CheckSwitchLock(const std::filesystem::path& lock) {
  struct stat status {};
  if (::stat(lock.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return Fail(OsError("lock " + lock.string(), errno));
  }
  const Result<std::string> locks = ReadFile("/proc/locks", kMaxLocks);
  if (!locks) return Fail(locks.error().Context("who holds " + lock.string()));
  const std::optional<std::string> pid = HolderIn(*locks, status);
  if (!pid) return {};
  return Fail(ErrorCode::kRefused, CommandOf(*pid) + " (pid " + *pid + ") holds " + lock.string() +
                                       ": another configuration is being switched to");
}

}  // namespace matic::nixos
