#include "agent/health/report.h"

namespace matic::health {

HealthState Report::State() const {
  HealthState state = HealthState::kHealthy;
  for (const CheckReport& check : checks) {
    if (check.result != CheckResult::kFailed) continue;
    if (check.critical) return HealthState::kUnhealthy;
    state = HealthState::kDegraded;
  }
  return state;
}

std::string Report::CriticalFailure() const {
  for (const CheckReport& check : checks) {
    if (check.critical && check.result == CheckResult::kFailed) {
      return check.name + ": " + check.output;
    }
  }
  return "";
}

}  // namespace matic::health
