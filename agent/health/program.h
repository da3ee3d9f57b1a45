// Asking a program of the machine, such as systemctl.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/os/process_runner.h"

namespace matic::health {

// To its end. One that has not ended within the limit is kDeadline, and stopped is kCancelled; both
// quote its last lines.
Result<ProcessOutcome> RunProgram(ProcessRunner& processes, std::vector<std::string> argv,
                                  std::chrono::milliseconds limit, std::stop_token stop);

// What it printed. An exit code other than 0 is kIo and quotes its last lines.
Result<std::string> OutputOf(const ProcessOutcome& outcome, const std::string& program);

// Both.
Result<std::string> AskProgram(ProcessRunner& processes, std::vector<std::string> argv,
                               std::chrono::milliseconds limit, std::stop_token stop);

}  // namespace matic::health
