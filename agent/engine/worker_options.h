// What of the configuration is the worker's.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/health/check_runner.h"

namespace matic::engine {

struct WorkerOptions {
  health::RetryPolicy health;
  std::chrono::seconds settle{0};  // from a switch without a reboot to its first check
  std::vector<std::string> reboot_command;
  std::vector<std::string>
      good_boot_command;                 // run once the running system is known good; may be empty
  std::chrono::seconds retry_pause{10};  // after an act that failed and must be done again
  std::chrono::seconds reboot_patience{120};      // then the reboot is asked for again
  std::chrono::milliseconds cause_pause{60'000};  // between two looks at a common cause that stands
};

}  // namespace matic::engine
