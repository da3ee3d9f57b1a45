// Other programs, run to their end.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic {

enum class ProcessEnd {
  kItself,
  kDeadline,  // killed with its group
  kStopped,   // the same, since nobody waits for it any more
};

struct ProcessOutcome {
  int exit_code = 0;        // 128 + n when signal n ended it
  std::string output = {};  // the last of what it printed
  std::string errors = {};  // the same of stderr, where it is kept apart
  ProcessEnd end = ProcessEnd::kItself;
};

enum class OwnEnvironment { kHandedOn, kLeftOut };
enum class ErrorOutput { kWithOutput, kApart };

struct Command {
  std::vector<std::string> argv;              // argv[0] is found in PATH, no shell
  std::vector<std::string> environment = {};  // "NAME=value"; replaces this program's own
  std::string input = {};                     // on stdin
  std::stop_token stop = {};
  OwnEnvironment own_environment = OwnEnvironment::kHandedOn;
  std::filesystem::path folder = {};  // to run in; empty: this program's own
  size_t kept_output = 64 * 1024;     // bytes
  ErrorOutput error_output = ErrorOutput::kWithOutput;
  // From the SIGTERM that asks its group to end, and to clear up behind itself, to the SIGKILL that
  // makes it. None: killed at once.
  std::chrono::milliseconds grace{0};
};

class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  // To the program's own end, or to the one it is put to: what it printed until then is told in any
  // case. One that could not be started is kNotFound or kPermission.
  virtual Result<ProcessOutcome> RunToEnd(const Command& command,
                                          std::chrono::milliseconds deadline) = 0;

  // For a program that should end by itself: the deadline is kDeadline, and a stop kCancelled.
  Result<ProcessOutcome> RunCommand(const Command& command, std::chrono::milliseconds deadline);
  Result<ProcessOutcome> Run(const std::vector<std::string>& argv,
                             std::chrono::milliseconds deadline) {
    return RunCommand({.argv = argv}, deadline);
  }
};

// Thread-safe.
class SystemProcessRunner final : public ProcessRunner {
 public:
  // A killed program that is not gone within 5 s, as one that waits for a dead disk, is kDeadline
  // or kCancelled, by what it was killed for, and the message names it. Where it ends after all it
  // is taken from the process table before the next program is run.
  Result<ProcessOutcome> RunToEnd(const Command& command,
                                  std::chrono::milliseconds deadline) override;

 private:
  Result<ProcessOutcome> LeaveBehind(int pid, const Command& command, ProcessEnd end);
  void TakeLateEnds();

  std::mutex mutex_;
  std::vector<int> left_behind_;  // numbers of processes
};

// Another runner, whose programs have no stop of their own but this one.
class StoppableProcessRunner final : public ProcessRunner {
 public:
  StoppableProcessRunner(ProcessRunner& runner, std::stop_token stop)
      : runner_(runner), stop_(std::move(stop)) {}
  Result<ProcessOutcome> RunToEnd(const Command& command,
                                  std::chrono::milliseconds deadline) override;

 private:
  ProcessRunner& runner_;
  std::stop_token stop_;
};

}  // namespace matic
