// Other programs, run to their end.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic {

struct ProcessOutcome {
  int exit_code = 0;   // 128 + n when signal n ended it
  std::string output;  // stdout and stderr together, the last 64 KiB
};

struct Command {
  std::vector<std::string> argv;         // argv[0] is found in PATH, no shell
  std::vector<std::string> environment;  // "NAME=value"; the rest is this program's own
  std::string input;                     // on stdin
  std::stop_token stop;
};

class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  // A program that could not be started is kNotFound or kPermission; one still running at the
  // deadline is killed with its group, kDeadline, and so is one that is stopped, kCancelled.
  virtual Result<ProcessOutcome> RunCommand(const Command& command,
                                            std::chrono::milliseconds deadline) = 0;

  Result<ProcessOutcome> Run(const std::vector<std::string>& argv,
                             std::chrono::milliseconds deadline) {
    return RunCommand({.argv = argv, .environment = {}, .input = {}, .stop = {}}, deadline);
  }
};

class SystemProcessRunner final : public ProcessRunner {
 public:
  Result<ProcessOutcome> RunCommand(const Command& command,
                                    std::chrono::milliseconds deadline) override;
};

}  // namespace matic
