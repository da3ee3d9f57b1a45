#include "osctl/render/schedules.h"

#include "osctl/render/names.h"
#include "osctl/render/progress.h"
#include "osctl/render/table.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

std::string Path(const v1::Schedule& schedule) {
  if (schedule.target().empty()) return "";
  return Shown(schedule.target()) +
         (schedule.previous().empty() ? "" : " (way back: " + Shown(schedule.previous()) + ")");
}

std::string Rollback(const v1::Schedule& schedule) {
  std::string text = schedule.enable_auto_rollback() ? "automatic" : "by hand";
  if (schedule.health_check_timeout_seconds() > 0) {
    text += ", checks have " +
            FormatDuration(std::chrono::seconds(schedule.health_check_timeout_seconds()));
  }
  return text;
}

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + Shown(text);
  return joined;
}

// In one line; empty where it may happen at any time.
std::string TimingText(const v1::Timing& timing) {
  std::string text;
  const auto add = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) text += (text.empty() ? "" : "; ") + std::string(label) + value;
  };
  const auto moment = [&](bool given, const google::protobuf::Timestamp& time) {
    return given ? TimeText(time) : "";
  };
  add("", timing.emergency() ? "emergency" : "");
  add("at ", moment(timing.has_at(), timing.at()));
  add("not before ", moment(timing.has_not_before(), timing.not_before()));
  add("not after ", moment(timing.has_not_after(), timing.not_after()));
  add("in ", Join(timing.windows()));
  add("download in ", Join(timing.download_windows()));
  add("install in ", Join(timing.install_windows()));
  add("reboot in ", Join(timing.reboot_windows()));
  add("not on ", Join(timing.blackouts()));
  if (!text.empty() && !timing.timezone().empty()) text += " (" + Shown(timing.timezone()) + ")";
  const auto duration = [](uint32_t seconds) {
    return seconds == 0 ? std::string() : FormatDuration(std::chrono::seconds(seconds));
  };
  add("random delay up to ", duration(timing.random_delay_seconds()));
  add("up for at least ", duration(timing.min_uptime_seconds()));
  add("users are warned before the reboot for ", duration(timing.reboot_delay_seconds()));
  return text;
}

std::string HooksText(const v1::Hooks& hooks) {
  std::string text;
  const auto add = [&](std::string_view when, const std::string& names) {
    if (!names.empty()) text += (text.empty() ? "" : "; ") + std::string(when) + names;
  };
  add("before: ", Join(hooks.pre()));
  add("after: ", Join(hooks.post()));
  add("after going back: ", Join(hooks.rollback()));
  return text;
}

// Of a Nix host.
std::string ModeText(const v1::Schedule& schedule) {
  std::string text;
  if (schedule.mode() == v1::UPDATE_MODE_AUTO) text = "auto";
  if (schedule.mode() == v1::UPDATE_MODE_SWITCH) text = "switch";
  if (schedule.mode() == v1::UPDATE_MODE_BOOT) text = "boot";
  if (schedule.mode() == v1::UPDATE_MODE_BUILD) text = "build";
  if (schedule.no_reboot()) text += (text.empty() ? "" : ", ") + std::string("no reboot by itself");
  return text;
}

std::string PhaseText(const v1::Schedule& schedule) {
  std::string text = PhaseName(schedule.phase());
  const v1::Progress& progress = schedule.progress();
  const bool moves = schedule.phase() == v1::PHASE_FETCHING ||
                     schedule.phase() == v1::PHASE_STAGING ||
                     schedule.phase() == v1::PHASE_VERIFYING;
  if (moves && progress.bytes_done() > 0) {
    text += "  " + ProgressText({progress.bytes_done(), progress.bytes_total(),
                                 progress.bytes_per_second()});
  }
  return text;
}

}  // namespace

std::string ScheduleText(const v1::Schedule& schedule, const Terminal& terminal) {
  std::string text = terminal.Paint(Shown(schedule.id()), Style::kBold) + "  " +
                     terminal.Paint(StateName(schedule.state()), StateStyle(schedule.state())) +
                     "\n";
  const auto line = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) text += "  " + Pad(label, 11) + value + "\n";
  };
  line("Phase", PhaseText(schedule));
  line("Reason", schedule.reason().empty() ? "" : Shown(schedule.reason()));
  if (schedule.has_waiting_until()) line("Until", TimeText(schedule.waiting_until()));
  line("When", TimingText(schedule.timing()));
  line("Mode", ModeText(schedule));
  line("Inputs", Join(schedule.inputs()));
  line("Hooks", HooksText(schedule.hooks()));
  line("Comment", schedule.comment().empty() ? "" : Shown(schedule.comment()));
  line("Source", Shown(schedule.source()));
  line("SHA-256", Shown(schedule.sha256()));
  line("Version", schedule.version().empty() ? "" : Shown(schedule.version()));
  line("Target", Path(schedule));
  line("Rollback", Rollback(schedule));
  if (schedule.stop_after() == v1::STOP_AFTER_STAGED) line("Stops", "after staging");
  line("Forced", Join(schedule.force()));
  line("Created", TimeText(schedule.created()) + " by " + Shown(schedule.requested_by()));
  line("Updated", TimeText(schedule.updated()));
  return text;
}

std::string ScheduleTable(const v1::ListSchedulesResponse& schedules, const Terminal& terminal) {
  if (schedules.schedules().empty()) return "No schedules.\n";
  Table table({"ID", "STATE", "PHASE", "TARGET", "VERSION", "CREATED", "REASON"});
  for (const v1::Schedule& schedule : schedules.schedules()) {
    table.AddRow({Shown(schedule.id()),
                  terminal.Paint(StateName(schedule.state()), StateStyle(schedule.state())),
                  Shown(PhaseName(schedule.phase())), Shown(schedule.target()),
                  Shown(schedule.version()), TimeText(schedule.created()),
                  schedule.reason().empty() ? "" : Shown(schedule.reason())});
  }
  return table.Render(terminal);
}

}  // namespace matic::osctl
