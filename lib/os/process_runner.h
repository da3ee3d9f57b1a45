// Other programs, run to their end.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic {

struct ProcessOutcome {
  int exit_code = 0;   // 128 + n when signal n ended it
  std::string output;  // stdout and stderr together, the last 64 KiB
};

class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  // Runs argv[0] (found in PATH, no shell) with an empty stdin. A program that could not be started
  // is kNotFound or kPermission; one still running at the deadline is killed with its group,
  // kDeadline.
  virtual Result<ProcessOutcome> Run(const std::vector<std::string>& argv,
                                     std::chrono::milliseconds deadline) = 0;
};

class SystemProcessRunner final : public ProcessRunner {
 public:
  Result<ProcessOutcome> Run(const std::vector<std::string>& argv,
                             std::chrono::milliseconds deadline) override;
};

}  // namespace matic
