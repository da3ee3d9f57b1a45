#include "lib/os/process_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "lib/base/unique_fd.h"

// glibc 2.36's header forgets that C++ may include it.
extern "C" {
#include <sys/pidfd.h>
}

extern char** environ;

namespace matic {
namespace {

using SteadyClock = std::chrono::steady_clock;

// How long a stop may go unseen.
constexpr std::chrono::milliseconds kStopPoll{100};

// From the SIGKILL to the program's end, which does not come while a disk or a file server that it
// waits for gives no answer; and how often that is looked for.
constexpr std::chrono::seconds kEndPatience{5};
constexpr std::chrono::milliseconds kEndPoll{5};

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd output;
  UniqueFd errors;  // invalid where they come with the output
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

// A file rather than a pipe, so that a program may leave it unread. Invalid for no input.
Result<UniqueFd> InputFile(const std::string& input) {
  if (input.empty()) return UniqueFd();
  UniqueFd file(::memfd_create("stdin", MFD_CLOEXEC));
  if (!file.valid()) return Fail(OsError("make a file for stdin", errno));
  for (size_t done = 0; done < input.size();) {
    const ssize_t n = ::write(file.get(), input.data() + done, input.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail(OsError("write a file for stdin", errno));
    done += static_cast<size_t>(n);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  return pointers;
}

std::string_view NameIn(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// The command's, and whatever of this program's own is handed on.
std::vector<char*> Environment(const Command& command) {
  const std::vector<std::string>& given = command.environment;
  std::vector<char*> result = Pointers(given);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const bool replaced = std::any_of(given.begin(), given.end(), [&](const std::string& set) {
      return NameIn(set) == NameIn(*variable);
    });
    if (!replaced && command.own_environment == OwnEnvironment::kHandedOn) {
      result.push_back(*variable);
    }
  }
  result.push_back(nullptr);
  return result;
}

// Its own process group, no signal blocked or ignored, nothing open but 0 to 2.
int Spawn(const Command& command, int input, int output, int errors, pid_t& pid) {
  SpawnSettings settings;
  if (!command.folder.empty()) {
    ::posix_spawn_file_actions_addchdir_np(&settings.actions, command.folder.c_str());
  }
  if (input >= 0) {
    ::posix_spawn_file_actions_adddup2(&settings.actions, input, STDIN_FILENO);
  } else {
    ::posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  ::posix_spawn_file_actions_adddup2(&settings.actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&settings.actions, errors, STDERR_FILENO);
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
  std::vector<char*> arguments = Pointers(command.argv);
  arguments.push_back(nullptr);
  return ::posix_spawnp(&pid, arguments[0], &settings.actions, &settings.attributes,
                        arguments.data(), Environment(command).data());
}

// Only the end that is read by us does not block. Sets errno.
bool MakePipe(UniqueFd& reader, UniqueFd& writer) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  reader.Reset(ends[0]);
  writer.Reset(ends[1]);
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  return true;
}

// Its exit code, once it is taken from the process table; nothing where it has not ended.
std::optional<int> TakeEnd(pid_t pid) {
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(pid, &status, WNOHANG)) < 0 && errno == EINTR) {
  }
  if (ended == 0) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Of one that has ended or was killed.
std::optional<int> AwaitEnd(pid_t pid) {
  const SteadyClock::time_point limit = SteadyClock::now() + kEndPatience;
  for (;;) {
    if (const std::optional<int> exit_code = TakeEnd(pid)) return exit_code;
    if (SteadyClock::now() >= limit) return std::nullopt;
    std::this_thread::sleep_for(kEndPoll);
  }
}

Result<Child> Start(const Command& command) {
  const std::vector<std::string>& argv = command.argv;
  MATIC_ASSIGN(const UniqueFd input, InputFile(command.input));
  Child child;
  UniqueFd output;
  UniqueFd errors;
  const bool apart = command.error_output == ErrorOutput::kApart;
  if (!MakePipe(child.output, output) || (apart && !MakePipe(child.errors, errors))) {
    return Fail(OsError("run " + argv[0], errno));
  }
  if (const int error =
          Spawn(command, input.get(), output.get(), apart ? errors.get() : output.get(), child.pid);
      error != 0) {
    return Fail(OsError("run " + argv[0], error));
  }
  child.pidfd.Reset(::pidfd_open(child.pid, 0));
  if (!child.pidfd.valid()) {
    const int error = errno;
    ::kill(-child.pid, SIGKILL);
    AwaitEnd(child.pid);
    return Fail(OsError("run " + argv[0], error));
  }
  return child;
}

// Takes what the pipe holds now; false when it has ended. Keeps the last `kept` bytes at least.
bool Drain(int fd, size_t kept, std::string& output) {
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    output.append(buffer, static_cast<size_t>(n));
    if (output.size() > 2 * kept) output.erase(0, output.size() - kept);
  }
}

// Until the program itself ends: one that it left behind may hold a pipe open for ever.
ProcessEnd FollowToEnd(const Child& child, SteadyClock::time_point end, const std::stop_token& stop,
                       size_t kept, ProcessOutcome& outcome) {
  pollfd watched[] = {{child.pidfd.get(), POLLIN, 0},
                      {child.output.get(), POLLIN, 0},
                      {child.errors.get(), POLLIN, 0}};  // poll skips what is negative
  while (!stop.stop_requested()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
    if (left.count() <= 0) return ProcessEnd::kDeadline;
    const std::chrono::milliseconds longest =
        stop.stop_possible() ? kStopPoll : std::chrono::milliseconds(std::chrono::hours(1));
    const int ready = ::poll(watched, 3, static_cast<int>(std::min(left, longest).count()));
    if (ready < 0 && errno != EINTR) return ProcessEnd::kDeadline;
    if (ready <= 0) continue;
    if (watched[1].revents != 0 && !Drain(watched[1].fd, kept, outcome.output)) watched[1].fd = -1;
    if (watched[2].revents != 0 && !Drain(watched[2].fd, kept, outcome.errors)) watched[2].fd = -1;
    if (watched[0].revents != 0) return ProcessEnd::kItself;
  }
  return ProcessEnd::kStopped;
}

void EndGroup(const Child& child, const Command& command, ProcessOutcome& outcome) {
  if (command.grace.count() > 0) {
    ::kill(-child.pid, SIGTERM);
    FollowToEnd(child, SteadyClock::now() + command.grace, {}, command.kept_output, outcome);
  }
  ::kill(-child.pid, SIGKILL);
}

void TakeRest(const UniqueFd& pipe, size_t kept, std::string& output) {
  if (pipe.valid()) Drain(pipe.get(), kept, output);
  if (output.size() > kept) output.erase(0, output.size() - kept);
}

}  // namespace

Result<ProcessOutcome> ProcessRunner::RunCommand(const Command& command,
                                                 std::chrono::milliseconds deadline) {
  Result<ProcessOutcome> outcome = RunToEnd(command, deadline);
  if (!outcome || outcome->end == ProcessEnd::kItself) return outcome;
  if (outcome->end == ProcessEnd::kStopped) {
    return Fail(ErrorCode::kCancelled, "run " + command.argv[0] + ": stopped, and killed");
  }
  return Fail(ErrorCode::kDeadline, "run " + command.argv[0] + ": still running after " +
                                        std::to_string(deadline.count()) + " ms, killed");
}

Result<ProcessOutcome> SystemProcessRunner::RunToEnd(const Command& command,
                                                     std::chrono::milliseconds deadline) {
  if (command.argv.empty() || command.argv[0].empty()) {
    return Fail(ErrorCode::kInvalidArgument, "run: no program is named");
  }
  const SteadyClock::time_point end =
      SteadyClock::now() +
      std::min<std::chrono::milliseconds>(deadline, std::chrono::hours(24 * 365));
  TakeLateEnds();
  MATIC_ASSIGN(const Child child, Start(command));
  ProcessOutcome outcome;
  outcome.end = FollowToEnd(child, end, command.stop, command.kept_output, outcome);
  // Not after the wait: the number of a group that is gone may be another's by then.
  if (outcome.end != ProcessEnd::kItself) EndGroup(child, command, outcome);
  const std::optional<int> exit_code = AwaitEnd(child.pid);
  if (!exit_code) return LeaveBehind(child.pid, command, outcome.end);
  outcome.exit_code = *exit_code;
  TakeRest(child.output, command.kept_output, outcome.output);
  TakeRest(child.errors, command.kept_output, outcome.errors);
  return outcome;
}

Result<ProcessOutcome> SystemProcessRunner::LeaveBehind(int pid, const Command& command,
                                                        ProcessEnd end) {
  const std::lock_guard lock(mutex_);
  left_behind_.push_back(pid);
  return Fail(end == ProcessEnd::kStopped ? ErrorCode::kCancelled : ErrorCode::kDeadline,
              "run " + command.argv[0] + ": killed, but process " + std::to_string(pid) +
                  " does not end; it may wait for a disk or a file server that gives no answer");
}

void SystemProcessRunner::TakeLateEnds() {
  const std::lock_guard lock(mutex_);
  std::erase_if(left_behind_, [](int pid) { return TakeEnd(pid).has_value(); });
}

Result<ProcessOutcome> StoppableProcessRunner::RunToEnd(const Command& command,
                                                        std::chrono::milliseconds deadline) {
  if (stop_.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  Command stoppable = command;
  stoppable.stop = stop_;
  return runner_.RunToEnd(stoppable, deadline);
}

}  // namespace matic
