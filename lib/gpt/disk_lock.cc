#include "lib/gpt/disk_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>

namespace matic::gpt {

Result<UniqueFd> OpenLocked(const std::filesystem::path& disk, std::chrono::milliseconds patience) {
  using SteadyClock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kPause(50);
  UniqueFd fd(::open(disk.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return Fail(OsError("open " + disk.string(), errno));
  // Polled, since a wait inside flock has no end.
  const SteadyClock::time_point end = SteadyClock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return Fail(OsError("lock " + disk.string(), errno));
    if (SteadyClock::now() >= end) {
      return Fail(ErrorCode::kUnavailable, "lock " + disk.string() +
                                               ": another program has kept it locked for " +
                                               std::to_string(patience.count()) + " ms");
    }
    std::this_thread::sleep_for(kPause);
  }
  return fd;
}

}  // namespace matic::gpt
