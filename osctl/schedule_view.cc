#include "osctl/schedule_view.h"

#include <algorithm>

#include "osctl/client/schedule_end.h"
#include "osctl/render/names.h"
#include "osctl/render/progress.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

// The longest label, "Rolling back", and a space.
constexpr size_t kLabelColumns = 13;
// In a pipe, a line of progress every ten per cent, or after this time.
constexpr int kPercentStep = 10;
constexpr std::chrono::seconds kSilence{10};

std::string Labelled(const Terminal& terminal, std::string_view label, std::string_view text,
                     Style style = Style::kBold) {
  if (text.empty()) return terminal.Paint(label, style);
  return Pad(terminal.Paint(label, style), kLabelColumns) + std::string(text);
}

Transfer ToTransfer(const v1::Progress& progress) {
  return {progress.bytes_done(), progress.bytes_total(), progress.bytes_per_second()};
}

bool IsTransfer(v1::Phase phase) {
  return phase == v1::PHASE_FETCHING || phase == v1::PHASE_STAGING || phase == v1::PHASE_VERIFYING;
}

std::string HealthText(const v1::GetHealthResponse& health, const Terminal& terminal) {
  std::string text;
  for (const v1::HealthCheck& check : health.checks()) {
    if (!text.empty()) text += " · ";
    text += Shown(check.name()) + " ";
    if (check.result() == v1::CHECK_RESULT_PASSED) {
      text += terminal.Paint("ok", Style::kGood);
    } else if (check.result() == v1::CHECK_RESULT_FAILED) {
      text += terminal.Paint("failed", check.critical() ? Style::kBad : Style::kWarning);
      if (!check.critical()) text += " (not critical)";
    } else {
      text += "…";
    }
  }
  return text;
}

std::string TargetText(const std::string& version, const std::string& target) {
  std::string text = version.empty() ? "the new system" : Shown(version);
  return text + (target.empty() ? "" : " on " + Shown(target));
}

std::string VersionOf(const std::string& target, const v1::GetStatusResponse& status) {
  for (const v1::Target& candidate : status.targets()) {
    if (candidate.name() == target) return candidate.version();
  }
  return "";
}

std::string CompletedText(const v1::Schedule& schedule,
                          const std::optional<v1::GetStatusResponse>& status) {
  std::string text = "running " + TargetText(schedule.version(), schedule.target());
  if (schedule.previous().empty()) return text;
  const std::string was = status ? VersionOf(schedule.previous(), *status) : "";
  return text + " (" + (was.empty() ? "" : "was " + Shown(was) + " on ") +
         Shown(schedule.previous()) + ", kept as the way back)";
}

}  // namespace

void ScheduleView::Update(const v1::Schedule& schedule, Time now) {
  if (lost_at_) Back(now);
  if (HasEnded(schedule)) {
    EndPhase(schedule.state() == v1::SCHEDULE_STATE_COMPLETED, now);
    schedule_ = schedule;
    return;
  }
  if (schedule.phase() != phase_) {
    EndPhase(schedule.phase() != v1::PHASE_ROLLING_BACK, now);
    BeginPhase(schedule, now);
  } else if (schedule.reason() != schedule_.reason() && !schedule.reason().empty() &&
             !IsTransfer(phase_)) {
    lines_.Line(Labelled(lines_.terminal(), PhaseName(phase_), Shown(schedule.reason())));
  }
  schedule_ = schedule;
  if (IsTransfer(phase_)) ShowTransfer(schedule, now);
}

void ScheduleView::BeginPhase(const v1::Schedule& schedule, Time now) {
  phase_ = schedule.phase();
  phase_began_ = now;
  printed_percent_ = 0;
  printed_at_ = now;
  printed_health_.clear();
  if (phase_ == v1::PHASE_UNSPECIFIED || IsTransfer(phase_)) return;
  const Terminal& terminal = lines_.terminal();
  std::string text = schedule.reason().empty() ? "" : Shown(schedule.reason());
  if (phase_ == v1::PHASE_REBOOTING) {
    schedule_ = schedule;
    terminal.interactive ? lines_.Live(RebootText()) : lines_.Line(RebootText());
    return;
  }
  if (phase_ == v1::PHASE_STAGED && text.empty()) text = "in " + Shown(schedule.target());
  if (phase_ == v1::PHASE_ACTIVATING && text.empty()) text = Shown(schedule.target());
  if (phase_ == v1::PHASE_ROLLING_BACK) {
    text = "to " + Shown(schedule.previous()) + (text.empty() ? "" : ": " + text);
    lines_.Line(Labelled(terminal, PhaseName(phase_), text, Style::kWarning));
    return;
  }
  const std::string line = Labelled(terminal, PhaseName(phase_), text);
  // Staged lasts; the rest is over in a moment and leaves no line on a terminal unless it has a
  // reason.
  if (phase_ == v1::PHASE_STAGED || !text.empty()) {
    lines_.Line(line);
  } else {
    // In a pipe the checks' own line follows soon, and says more.
    if (terminal.interactive) lines_.Live(line);
    if (!terminal.interactive && phase_ != v1::PHASE_ON_TRIAL) lines_.Line(line);
  }
}

void ScheduleView::EndPhase(bool succeeded, Time now) {
  const Terminal& terminal = lines_.terminal();
  const v1::Phase ended = phase_;
  phase_ = v1::PHASE_UNSPECIFIED;
  if (IsTransfer(ended)) {
    if (!succeeded) {
      lines_.Keep();
      return;
    }
    const auto took = std::chrono::duration_cast<std::chrono::seconds>(now - phase_began_);
    const uint64_t bytes =
        std::max(schedule_.progress().bytes_total(), schedule_.progress().bytes_done());
    std::string text = "done";
    if (ended == v1::PHASE_FETCHING && bytes > 0) {
      text += "  " + FormatBytes(bytes) + " in " + FormatDuration(took);
    }
    lines_.Line(Labelled(terminal, PhaseName(ended), text));
  } else if (ended == v1::PHASE_ON_TRIAL) {
    lines_.Keep();
  }
}

void ScheduleView::ShowTransfer(const v1::Schedule& schedule, Time now) {
  const Terminal& terminal = lines_.terminal();
  const Transfer transfer = ToTransfer(schedule.progress());
  if (terminal.interactive) {
    const size_t room = terminal.width > kLabelColumns + 1 ? terminal.width - kLabelColumns - 1 : 1;
    lines_.Live(
        Labelled(terminal, PhaseName(phase_), ProgressBar(transfer, schedule.target(), room)));
    return;
  }
  const int percent = Percent(transfer);
  const bool first = printed_percent_ == 0 && printed_at_ == phase_began_ && now == phase_began_;
  if (!first && percent < printed_percent_ + kPercentStep && now < printed_at_ + kSilence) return;
  if (percent == 100) return;  // the line that ends the phase says so
  printed_percent_ = percent / kPercentStep * kPercentStep;
  printed_at_ = now;
  lines_.Line(Labelled(terminal, PhaseName(phase_), ProgressText(transfer)));
}

void ScheduleView::UpdateHealth(const v1::GetHealthResponse& health) {
  if (phase_ != v1::PHASE_ON_TRIAL) return;
  const std::string text = HealthText(health, lines_.terminal());
  if (text.empty() || text == printed_health_) return;
  printed_health_ = text;
  const std::string line = Labelled(lines_.terminal(), "On trial", text);
  lines_.terminal().interactive ? lines_.Live(line) : lines_.Line(line);
}

std::string ScheduleView::RebootText() const {
  const bool back = phase_ == v1::PHASE_ROLLING_BACK;
  const std::string& into = back ? schedule_.previous() : schedule_.target();
  return lines_.terminal().Paint("Rebooting", Style::kBold) +
         (into.empty() ? " …" : " into " + Shown(into) + " …");
}

void ScheduleView::Lost(const std::string& why, Time now) {
  // The node says REBOOTING, but may be gone before that has reached us.
  const bool rebooting = phase_ == v1::PHASE_REBOOTING || phase_ == v1::PHASE_ACTIVATING ||
                         phase_ == v1::PHASE_ROLLING_BACK;
  const std::string text =
      rebooting ? RebootText() : "Connection lost: " + Shown(why) + " · trying again";
  if (!lost_at_) {
    lost_at_ = now;
    if (!rebooting || (phase_ != v1::PHASE_REBOOTING && !lines_.terminal().interactive)) {
      lines_.Line(text);
    }
  }
  const auto gone = std::chrono::duration_cast<std::chrono::seconds>(now - *lost_at_);
  const std::string since = "  " + FormatDuration(gone);
  lines_.Live(rebooting ? text + since : "No answer for" + since);
}

void ScheduleView::Back(Time now) {
  if (!lost_at_) return;
  const auto gone = std::chrono::duration_cast<std::chrono::seconds>(now - *lost_at_);
  const bool rebooting = phase_ == v1::PHASE_REBOOTING || phase_ == v1::PHASE_ACTIVATING ||
                         phase_ == v1::PHASE_ROLLING_BACK;
  lost_at_.reset();
  const std::string after = "back after " + FormatDuration(gone);
  lines_.Line(rebooting ? RebootText() + "  " + after : "The node is " + after);
}

void ScheduleView::End(const v1::Schedule& schedule,
                       const std::optional<v1::GetStatusResponse>& status) {
  const Terminal& terminal = lines_.terminal();
  const Style style = StateStyle(schedule.state());
  const std::string reason = schedule.reason().empty() ? "" : Shown(schedule.reason());
  if (schedule.state() == v1::SCHEDULE_STATE_COMPLETED) {
    lines_.Line(Labelled(terminal, "Completed", CompletedText(schedule, status), style));
  } else if (schedule.state() == v1::SCHEDULE_STATE_ROLLED_BACK) {
    std::string text = reason;
    if (!schedule.previous().empty()) {
      const std::string version = status ? VersionOf(schedule.previous(), *status) : "";
      text += (text.empty() ? "" : "; ") + std::string("running ") +
              (version.empty() ? "" : Shown(version) + " on ") + Shown(schedule.previous());
    }
    lines_.Line(Labelled(terminal, "Rolled back", text, style));
  } else {
    lines_.Line(Labelled(terminal, StateName(schedule.state()), reason, style));
  }
}

}  // namespace matic::osctl
