#include "lib/os/process_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/unique_fd.h"

// glibc 2.36's header forgets that C++ may include it.
extern "C" {
#include <sys/pidfd.h>
}

extern char** environ;

namespace matic {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kKeptOutput = 64 * 1024;

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd output;
};

// Owns what posix_spawn is told; every call on it can fail only without memory.
struct SpawnSettings {
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// Its own process group, no signal blocked or ignored, nothing open but 0 to 2.
int Spawn(const std::vector<std::string>& argv, int output, pid_t& pid) {
  SpawnSettings settings;
  ::posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&settings.actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&settings.actions, output, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &all);
  ::posix_spawnattr_setpgroup(&settings.attributes, 0);
  ::posix_spawnattr_setflags(
      &settings.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  return ::posix_spawnp(&pid, arguments[0], &settings.actions, &settings.attributes,
                        arguments.data(), environ);
}

Result<Child> Start(const std::vector<std::string>& argv) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Fail(OsError("run " + argv[0], errno));
  Child child;
  child.output.Reset(ends[0]);
  UniqueFd writer(ends[1]);
  if (const int error = Spawn(argv, writer.get(), child.pid); error != 0) {
    return Fail(OsError("run " + argv[0], error));
  }
  ::fcntl(child.output.get(), F_SETFL, O_NONBLOCK);
  child.pidfd.Reset(::pidfd_open(child.pid, 0));
  if (!child.pidfd.valid()) {
    const int error = errno;
    ::kill(-child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    return Fail(OsError("run " + argv[0], error));
  }
  return child;
}

// Takes what the pipe holds now; false when it has ended.
bool Drain(int fd, std::string& output) {
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    output.append(buffer, static_cast<size_t>(n));
    if (output.size() > 2 * kKeptOutput) output.erase(0, output.size() - kKeptOutput);
  }
}

// Until the program itself ends: one that it left behind may hold the pipe open for ever.
bool FollowToEnd(const Child& child, SteadyClock::time_point end, std::string& output) {
  bool open = true;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
    if (left.count() <= 0) return false;
    constexpr std::chrono::milliseconds kLongestPoll = std::chrono::hours(1);
    pollfd watched[] = {{child.pidfd.get(), POLLIN, 0}, {child.output.get(), POLLIN, 0}};
    const int ready =
        ::poll(watched, open ? 2 : 1, static_cast<int>(std::min(left, kLongestPoll).count()));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    if (open && watched[1].revents != 0) open = Drain(child.output.get(), output);
    if (watched[0].revents != 0) return true;
  }
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<ProcessOutcome> SystemProcessRunner::Run(const std::vector<std::string>& argv,
                                                std::chrono::milliseconds deadline) {
  if (argv.empty() || argv[0].empty()) {
    return Fail(ErrorCode::kInvalidArgument, "run: no program is named");
  }
  const SteadyClock::time_point end =
      SteadyClock::now() +
      std::min<std::chrono::milliseconds>(deadline, std::chrono::hours(24 * 365));
  MATIC_ASSIGN(const Child child, Start(argv));
  ProcessOutcome outcome;
  const bool ended = FollowToEnd(child, end, outcome.output);
  // Not after the wait: the number of a group that is gone may be another's by then.
  if (!ended) ::kill(-child.pid, SIGKILL);
  outcome.exit_code = WaitFor(child.pid);
  Drain(child.output.get(), outcome.output);
  if (!ended) {
    return Fail(ErrorCode::kDeadline, "run " + argv[0] + ": still running after " +
                                          std::to_string(deadline.count()) + " ms, killed");
  }
  if (outcome.output.size() > kKeptOutput) {
    outcome.output.erase(0, outcome.output.size() - kKeptOutput);
  }
  return outcome;
}

}  // namespace matic
