// A cause of failures that lies outside of the update that was rolled back for it
// (docs/decisions/common-cause.md).
#pragma once

#include <string>
#include <vector>

#include "agent/health/report.h"

namespace matic::engine {

// It stands until the checks pass again, or an update is confirmed.
struct StandingCause {
  std::string runs;                 // the confirmed system that fails as well
  std::vector<std::string> checks;  // their names
  std::string reason;               // what they said
  std::string version;              // that was left
  std::string schedule_id;
  std::string time;  // RFC 3339

  bool operator==(const StandingCause&) const = default;
};

// "slot-a fails api as well, for which 2.0 was left, …": a line for people, which says what to do.
std::string Describe(const StandingCause& cause);

// The report has a verdict on each of the checks, or does not know it any more, and none failed.
bool Ends(const StandingCause& cause, const health::Report& report);

}  // namespace matic::engine
