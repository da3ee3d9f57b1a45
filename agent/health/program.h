// Asking a program of the machine, such as systemctl.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/os/process_runner.h"

namespace matic::health {

// What it printed. An exit code other than 0 is kIo and quotes its last lines, one that has not
// ended within the limit kDeadline; stopped is kCancelled.
Result<std::string> AskProgram(ProcessRunner& processes, std::vector<std::string> argv,
                               std::chrono::milliseconds limit, std::stop_token stop);

}  // namespace matic::health
