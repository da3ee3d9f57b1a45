// What health checks found.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"

namespace matic::health {

enum class CheckResult { kRunning, kPassed, kFailed };
enum class HealthState { kHealthy, kDegraded, kUnhealthy };

struct CheckReport {
  std::string name;
  bool critical = true;
  CheckResult result = CheckResult::kRunning;
  std::chrono::milliseconds duration{0};  // of the last attempt
  uint32_t attempts = 0;
  std::string output;  // one line, the last attempt's
};

struct Report {
  WallTime last_updated;
  std::vector<CheckReport> checks;

  // kUnhealthy where a critical check failed, kDegraded where another did. A check that still runs
  // has no say.
  HealthState State() const;
  // The first critical check that failed: "service: matic-agent.service is failed". Empty if none
  // did.
  std::string CriticalFailure() const;
};

}  // namespace matic::health
