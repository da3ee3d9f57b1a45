#include "osctl/fleet/journal/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "lib/os/durable_file.h"

namespace matic::fleet {
namespace {

constexpr size_t kMaxHolder = 64;

std::filesystem::path LockOf(const std::filesystem::path& journal) {
  return journal.string() + ".lock";
}

std::string Holder(const std::filesystem::path& lock) {
  const Result<std::string> text = ReadFile(lock, kMaxHolder);
  if (!text || text->empty()) return "another process";
  return "process " + text->substr(0, text->find('\n'));
}

}  // namespace

Result<RunLock> RunLock::Take(const std::filesystem::path& journal) {
  const std::filesystem::path path = LockOf(journal);
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return Fail(OsError(path.string(), errno));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Fail(OsError(path.string(), errno));
    return Fail(ErrorCode::kRefused, Holder(path) +
                                         " carries out a run of this fleet; osctl fleet status "
                                         "shows it, osctl fleet stop ends it");
  }
  // For people only: who wants to know whether it is held asks the kernel.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return Fail(OsError(path.string(), errno));
  }
  return RunLock(std::move(file));
}

bool RunLock::IsTaken(const std::filesystem::path& journal) {
  const UniqueFd file(::open(LockOf(journal).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  return ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace matic::fleet
