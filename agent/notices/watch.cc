#include "agent/notices/watch.h"

#include <algorithm>
#include <iterator>

#include "agent/engine/schedule_json.h"

namespace matic::notices {
namespace {

using engine::Phase;
using health::HealthState;
using notify::Event;
using notify::Level;

constexpr std::chrono::hours kDay{24};

struct Mark {
  std::chrono::hours left;
  Level level;
};
// Before a certificate's end, from the earliest on.
constexpr Mark kMarks[] = {{30 * kDay, Level::kWarning},
                           {7 * kDay, Level::kWarning},
                           {1 * kDay, Level::kError},
                           {std::chrono::hours(0), Level::kError}};

notify::Message About(Level level, Event event, std::string title, std::string body) {
  notify::Message message;
  message.level = level;
  message.event = event;
  message.title = std::move(title);
  message.body = std::move(body);
  return message;
}

bool IsAtWork(const engine::Schedule& schedule) {
  if (engine::HasEnded(schedule.state) || schedule.waiting_until) return false;
  switch (schedule.phase) {
    case Phase::kNone:
    case Phase::kWaiting:
      return false;
    case Phase::kStaged:  // its reason says what it waits for
      return schedule.reason.empty();
    case Phase::kChecking:
    case Phase::kFetching:
    case Phase::kBuilding:
    case Phase::kStaging:
    case Phase::kVerifying:
    case Phase::kActivating:
    case Phase::kRebooting:
    case Phase::kOnTrial:
    case Phase::kConfirming:
    case Phase::kRollingBack:
      break;
  }
  return true;
}

std::string Minutes(std::chrono::nanoseconds duration) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(duration).count();
  return std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
}

int Badness(HealthState state) {
  switch (state) {
    case HealthState::kHealthy:
      return 0;
    case HealthState::kDegraded:
      return 1;
    case HealthState::kUnhealthy:
      break;
  }
  return 2;
}

std::string FailedChecks(const health::Report& report) {
  std::string lines;
  for (const health::CheckReport& check : report.checks) {
    if (check.result != health::CheckResult::kFailed) continue;
    if (!lines.empty()) lines += '\n';
    lines += check.name + (check.critical ? "" : " (not critical)") + ": " + check.output;
  }
  return lines;
}

bool StillRuns(const health::Report& report) {
  return std::ranges::any_of(report.checks, [](const health::CheckReport& check) {
    return check.result == health::CheckResult::kRunning;
  });
}

}  // namespace

Watch::Watch(std::chrono::seconds long_running) : long_running_(long_running) {}

std::optional<notify::Message> Watch::LookAt(const engine::Schedule& schedule, BootTime now) {
  const Step step{schedule.id, IsAtWork(schedule) ? schedule.phase : Phase::kNone};
  if (step.first != step_.first) told_steps_.clear();
  if (step != step_) {
    step_ = step;
    step_began_ = now;
  }
  const BootTime lasted = now - step_began_;
  if (step.second == Phase::kNone || lasted < long_running_) return std::nullopt;
  if (!told_steps_.insert(step).second) return std::nullopt;
  notify::Message message =
      About(Level::kWarning, Event::kLongRunning, "Update takes long",
            "It has been in " + std::string(engine::PhaseName(step.second)) + " for " +
                Minutes(lasted) + (schedule.reason.empty() ? "." : ": " + schedule.reason));
  message.fields.push_back({"schedule", schedule.id});
  if (!schedule.version.empty()) message.fields.push_back({"version", schedule.version});
  return message;
}

std::optional<notify::Message> Watch::LookAt(const health::Report& report) {
  if (StillRuns(report)) return std::nullopt;
  const HealthState before = std::exchange(health_, report.State());
  if (Badness(health_) > Badness(before)) {
    const bool unhealthy = health_ == HealthState::kUnhealthy;
    return About(unhealthy ? Level::kError : Level::kWarning, Event::kCheckFailed,
                 unhealthy ? "Unhealthy" : "Degraded", FailedChecks(report));
  }
  if (health_ == HealthState::kHealthy && before != HealthState::kHealthy) {
    return About(Level::kInfo, Event::kCheckFailed, "Healthy again", "All checks pass.");
  }
  return std::nullopt;
}

std::optional<notify::Message> Watch::LookAtCertificate(WallTime not_after, WallTime now) {
  if (not_after != not_after_) {
    not_after_ = not_after;
    told_marks_ = 0;
  }
  size_t reached = 0;
  while (reached < std::size(kMarks) && not_after - now <= kMarks[reached].left) ++reached;
  if (reached <= told_marks_) return std::nullopt;
  told_marks_ = reached;
  const bool over = not_after <= now;
  return About(kMarks[reached - 1].level, Event::kCertificateExpiring,
               over ? "The API's certificate has expired" : "The API's certificate expires soon",
               (over ? "It was good until " : "It is good until ") + FormatTime(not_after) +
                   ". Nobody can reach this node over the network without a good one.");
}

}  // namespace matic::notices
