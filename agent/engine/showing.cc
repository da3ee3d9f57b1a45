#include "agent/engine/showing.h"

#include <string>
#include <utility>
#include <variant>

namespace matic::engine {
namespace {

std::string WhyStaged(const update::Staged& state) {
  std::string reasons;
  for (const std::string& reason : state.image.reboot_reasons) {
    reasons += (reasons.empty() ? "" : ", ") + reason;
  }
  if (!state.order.allow_reboot && !state.image.live) {
    return "staged; takes a reboot" + (reasons.empty() ? "" : " (" + reasons + ")") +
           ", and waits to be activated";
  }
  return "staged; waits to be activated";
}

// What a state does not know stays as it was.
void Name(Schedule& schedule, const update::StagedImage& image, const std::string& previous) {
  if (!image.target.empty()) schedule.target = image.target;
  if (!image.version.empty()) schedule.version = image.version;
  if (!previous.empty()) schedule.previous = previous;
}

struct Show {
  Schedule& schedule;

  void operator()(const update::Idle& /*state*/) const {}
  void operator()(const update::Rechecking& /*state*/) const {}
  void operator()(const update::Waiting& s) const {
    schedule.state = ScheduleState::kPending;
    schedule.phase = s.begun ? Phase::kChecking : Phase::kWaiting;
  }
  void operator()(const update::Staging& /*state*/) const { schedule.phase = Phase::kFetching; }
  void operator()(const update::Staged& s) const {
    schedule.phase = s.begun ? Phase::kChecking : Phase::kStaged;
    Name(schedule, s.image, "");
    if (s.order.stop_after_staging) {
      schedule.reason = WhyStaged(s);
      // Whether it was asked for, or comes of what was: who watches need not wait any longer.
      schedule.request.stop_after = StopAfter::kStaged;
    }
    schedule.reboot_reasons = s.image.reboot_reasons;
    const uint64_t all = s.image.size_bytes;
    schedule.progress = {.bytes_done = all, .bytes_total = all, .bytes_per_second = 0};
  }
  void operator()(const update::Activating& s) const { ShowTrial(s.trial, Phase::kActivating); }
  void operator()(const update::Activated& s) const { ShowTrial(s.trial, Phase::kRebooting); }
  void operator()(const update::Trying& s) const { ShowTrial(s.trial, Phase::kOnTrial); }
  void operator()(const update::Confirming& s) const {
    ShowTrial(s.trial, Phase::kConfirming);
    schedule.reason = s.unhealthy;
  }
  void operator()(const update::RollingBack& s) const {
    ShowTrial(s.trial, Phase::kRollingBack);
    schedule.reason = s.reason;
  }
  void operator()(const update::Cancelling& s) const {
    schedule.phase = Phase::kRollingBack;
    Name(schedule, s.image, s.previous);
    schedule.reason = s.reason;
  }

  void ShowTrial(const update::Trial& trial, Phase phase) const {
    schedule.phase = phase;
    Name(schedule, trial.image, trial.previous);
  }
};

}  // namespace

Schedule Showing(Schedule schedule, const update::UpdateState& state) {
  schedule.state = ScheduleState::kInProgress;
  schedule.reason.clear();
  schedule.waiting_until.reset();
  std::visit(Show{schedule}, state);
  return schedule;
}

}  // namespace matic::engine
