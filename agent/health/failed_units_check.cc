#include "agent/health/failed_units_check.h"

#include <algorithm>
#include <sstream>

#include "agent/health/program.h"

namespace matic::health {
namespace {

constexpr std::chrono::seconds kLimit{5};
constexpr size_t kShown = 8;

}  // namespace

FailedUnitsCheck::FailedUnitsCheck(const config::FailedUnitsCheck& check, ProcessRunner& processes)
    : ConfiguredCheck("failed_units", check.settings),
      ignored_(check.ignored),
      processes_(processes) {}

Finding FailedUnitsCheck::Run(std::stop_token stop) {
  // A line a unit, which begins with its name.
  const auto answer = AskProgram(processes_,
                                 {"systemctl", "list-units", "--state=failed", "--all", "--full",
                                  "--plain", "--no-legend", "--no-pager"},
                                 LimitOr(kLimit), std::move(stop));
  if (!answer) return {false, answer.error().message};
  size_t failed = 0;
  size_t ignored = 0;
  std::string output = "failed: ";
  std::istringstream lines(*answer);
  for (std::string line; std::getline(lines, line);) {
    std::string unit;
    if (!(std::istringstream(line) >> unit)) continue;
    if (std::ranges::find(ignored_, unit) != ignored_.end()) {
      ++ignored;
      continue;
    }
    if (++failed <= kShown) output += (failed == 1 ? "" : ", ") + unit;
  }
  if (failed > kShown) output += " and " + std::to_string(failed - kShown) + " more";
  if (failed > 0) return {false, output};
  if (ignored > 0) return {true, "no failed units but " + std::to_string(ignored) + " ignored"};
  return {true, "no failed units"};
}

}  // namespace matic::health
