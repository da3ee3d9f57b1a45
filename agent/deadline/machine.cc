#include "agent/deadline/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <thread>

namespace matic::deadline {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

timespec ToTimespec(nanoseconds time) {
  const auto whole = std::chrono::duration_cast<seconds>(time);
  return {static_cast<time_t>(whole.count()), static_cast<long>((time - whole).count())};
}

std::string ReadAll(int fd) {
  constexpr size_t kLimit = 1u << 20;
  std::string content;
  char buffer[4096];
  while (content.size() < kLimit) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    content.append(buffer, static_cast<size_t>(got));
  }
  return content;
}

}  // namespace

Machine::Machine()
    : kernel_log_(open("/dev/kmsg", O_WRONLY | O_CLOEXEC)),
      proc_(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      sysrq_(open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC)) {}

void Machine::PrepareForTheWorst() {
  // Two calls: all that is mapped now is read in; what comes later (a thread's stack) is kept page
  // by page as it is used, not whole.
  mlockall(MCL_CURRENT);
  mlockall(MCL_FUTURE | MCL_ONFAULT);
  const sched_param highest{.sched_priority = sched_get_priority_max(SCHED_FIFO)};
  sched_setscheduler(0, SCHED_FIFO, &highest);
}

void Machine::Say(std::string_view text) const {
  const std::string line = "<2>matic-deadline: " + std::string(text);
  if (write(kernel_log_.get(), line.data(), line.size()) < 0) {
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, line.data(), line.size());
  }
}

std::optional<std::string> Machine::ReadFile(const std::string& path) const {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe is not waited for
  UniqueFd fd(open(path.c_str(), kFlags));
  if (!fd.valid()) fd = UniqueFd(openat(proc_.get(), ("1/root" + path).c_str(), kFlags));
  if (!fd.valid()) return std::nullopt;
  return ReadAll(fd.get());
}

bool Machine::SharesRootWithInit() const {
  struct stat own {};
  struct stat inits {};
  return stat("/", &own) == 0 && fstatat(proc_.get(), "1/root/", &inits, 0) == 0 &&
         own.st_dev == inits.st_dev && own.st_ino == inits.st_ino;
}

nanoseconds Machine::SinceStart() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

void Machine::SleepUntil(nanoseconds since_start) const {
  UniqueFd timer(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC));
  const itimerspec when{.it_interval = {}, .it_value = ToTimespec(since_start)};
  uint64_t expirations = 0;
  if (!timer.valid() || timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0 ||
      read(timer.get(), &expirations, sizeof expirations) < 0) {
    std::this_thread::sleep_for(seconds(1));  // the caller looks at the clock again
  }
}

void Machine::Restart(std::string_view why) const {
  Say(std::string(why) + ": restarting");
  // The orderly restart stops every device first, and one of them may hang: then the hard one.
  std::thread([sysrq = sysrq_.get()] {
    std::this_thread::sleep_for(seconds(15));
    [[maybe_unused]] const ssize_t ignored = write(sysrq, "b", 1);
  }).detach();
  for (;;) {
    reboot(RB_AUTOBOOT);
    std::this_thread::sleep_for(seconds(1));
  }
}

}  // namespace matic::deadline
