#include "agent/health/report.h"

#include <gtest/gtest.h>

namespace matic::health {
namespace {

CheckReport Of(const char* name, bool critical, CheckResult result) {
  return {.name = name, .critical = critical, .result = result, .output = std::string(name) + "!"};
}

TEST(ReportTest, TheWorstCheckDecides) {
  using enum CheckResult;
  const struct {
    std::vector<CheckReport> checks;
    HealthState state;
    const char* failure;
  } cases[] = {
      {{}, HealthState::kHealthy, ""},
      {{Of("a", true, kPassed), Of("b", false, kPassed)}, HealthState::kHealthy, ""},
      {{Of("a", true, kPassed), Of("b", false, kFailed)}, HealthState::kDegraded, ""},
      {{Of("a", true, kRunning), Of("b", false, kRunning)}, HealthState::kHealthy, ""},
      {{Of("a", true, kFailed), Of("b", false, kFailed)}, HealthState::kUnhealthy, "a: a!"},
      {{Of("a", false, kFailed), Of("b", true, kFailed), Of("c", true, kFailed)},
       HealthState::kUnhealthy,
       "b: b!"},
  };
  for (const auto& [checks, state, failure] : cases) {
    Report report;
    report.checks = checks;
    EXPECT_EQ(report.State(), state);
    EXPECT_EQ(report.CriticalFailure(), failure);
  }
}

}  // namespace
}  // namespace matic::health
