// Whether somebody else changes the system just now. A package manager's lock files exist at all
// times; what tells is whether somebody holds a lock on one.
#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "agent/prechecks/checks.h"
#include "lib/base/unique_fd.h"
#include "lib/os/durable_file.h"

namespace matic::prechecks {
namespace {

constexpr size_t kMaxComm = 64;

struct Holder {
  pid_t pid = 0;  // 0 where the kernel does not tell
};

std::optional<Holder> HolderOf(const PackageLock& lock) {
  // A lock file that cannot be opened is of no package manager that works here, or none of ours.
  const UniqueFd file(::open(lock.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return std::nullopt;
  if (lock.kind == PackageLock::Kind::kWholeFile) {
    // Given back at once, with the descriptor.
    const bool taken = ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return taken ? std::optional(Holder{}) : std::nullopt;
  }
  struct flock probe {};
  probe.l_type = F_WRLCK;
  probe.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_GETLK, &probe) != 0 || probe.l_type == F_UNLCK) return std::nullopt;
  return Holder{probe.l_pid};
}

std::string Describe(const PackageLock& lock, const Holder& holder, const Machine& machine) {
  std::string text = lock.who + " is at work: " + lock.path.string() + " is locked";
  if (holder.pid > 0) {
    const std::string pid = std::to_string(holder.pid);
    text += " by process " + pid;
    if (auto name = ReadFile(machine.proc / pid / "comm", kMaxComm)) {
      text += " (" + name->substr(0, name->find('\n')) + ")";
    }
  }
  return text + "; wait until it is done";
}

}  // namespace

std::vector<PackageLock> PackageLocks() {
  constexpr auto kRecord = PackageLock::Kind::kRecord;
  constexpr auto kWholeFile = PackageLock::Kind::kWholeFile;
  return {
      {"dpkg", "/var/lib/dpkg/lock-frontend", kRecord},
      {"dpkg", "/var/lib/dpkg/lock", kRecord},
      {"apt", "/var/lib/apt/lists/lock", kRecord},
      {"apt", "/var/cache/apt/archives/lock", kRecord},
      {"rpm", "/var/lib/rpm/.rpm.lock", kRecord},
      {"rpm", "/usr/lib/sysimage/rpm/.rpm.lock", kRecord},
      {"nix", "/nix/var/nix/gc.lock", kWholeFile},
      {"nix", "/nix/var/nix/profiles/system.lock", kWholeFile},
  };
}

Reason PackageWork(const Situation& now) {
  if (now.wanted.package_work_allowed) return std::nullopt;
  for (const PackageLock& lock : now.machine.package_locks) {
    if (const auto holder = HolderOf(lock)) return Describe(lock, *holder, now.machine);
  }
  return std::nullopt;
}

Reason SwitchLock(const Situation& now) {
  if (!now.machine.switch_lock) return std::nullopt;
  const Result<> held = now.machine.switch_lock();
  // What cannot be found out is seen again before the switch.
  if (held || held.error().code != ErrorCode::kRefused) return std::nullopt;
  return held.error().message + "; wait until it is done";
}

}  // namespace matic::prechecks
