#include "agent/engine/standing_cause.h"

#include <algorithm>

namespace matic::engine {

std::string Describe(const StandingCause& cause) {
  std::string checks;
  for (const std::string& check : cause.checks) checks += (checks.empty() ? "" : ", ") + check;
  const std::string left = cause.version.empty() ? "the new system" : cause.version;
  return cause.runs + " fails " + checks + " as well, for which " + left +
         " was left: the cause is not in the update (" + cause.reason + "). " + cause.runs +
         " stays; mend the cause, then schedule " + left + " again";
}

bool Ends(const StandingCause& cause, const health::Report& report) {
  return std::ranges::all_of(cause.checks, [&](const std::string& name) {
    const auto check = std::ranges::find(report.checks, name, &health::CheckReport::name);
    return check == report.checks.end() || check->result == health::CheckResult::kPassed;
  });
}

}  // namespace matic::engine
