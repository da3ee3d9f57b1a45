#include "osctl/timing.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "lib/calendar/moment.h"

namespace matic::osctl {
namespace {

constexpr std::chrono::hours kMaxRebootDelay{24};

// Once an option and value, as often as wanted.
void AddRepeated(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                 const std::string& type, const std::string& description) {
  command.add_option(name, values, description)
      ->type_name(type)
      ->allow_extra_args(false)
      ->group("Timing");
}

void AddText(CLI::App& command, const std::string& name, std::string& value,
             const std::string& type, const std::string& description) {
  command.add_option(name, value, description)->type_name(type)->group("Timing");
}

void SetMoment(const std::optional<WallTime>& time,
               google::protobuf::Timestamp* (v1::Timing::*at)(), v1::Timing& timing) {
  if (!time) return;
  const auto since = std::chrono::floor<std::chrono::seconds>(time->time_since_epoch());
  (timing.*at)()->set_seconds(since.count());
}

Result<> CheckTogether(const calendar::RulesText& rules) {
  const bool windows = !rules.windows.empty() || !rules.download_windows.empty() ||
                       !rules.install_windows.empty() || !rules.reboot_windows.empty();
  if (!rules.at.empty() && windows) {
    return Fail(ErrorCode::kInvalidArgument,
                "--at: what is due at a moment passes windows by; for the first window after it "
                "give --not-before");
  }
  return {};
}

Result<std::chrono::seconds> ParseRebootDelay(const std::string& text) {
  if (text.empty()) return std::chrono::seconds(0);
  auto delay = calendar::ParseDuration(text);
  if (!delay) return Fail(delay.error().Context("--reboot-delay"));
  if (*delay > kMaxRebootDelay) {
    return Fail(ErrorCode::kInvalidArgument,
                "--reboot-delay: is more than " + calendar::FormatDuration(kMaxRebootDelay));
  }
  return *delay;
}

}  // namespace

void AddTimingOptions(CLI::App& command, TimingOptions& options) {
  calendar::RulesText& rules = options.rules;
  AddText(command, "--at", rules.at, "TIME",
          "Begin then, windows or not: '2026-12-01 03:00' or '2026-12-01T03:00:00+01:00'");
  AddRepeated(command, "--window", rules.windows, "WINDOW",
              "Only in maintenance windows, such as 'Sat,Sun 02:00-05:00'; repeatable");
  AddRepeated(command, "--download-window", rules.download_windows, "WINDOW",
              "Windows of downloads alone");
  AddRepeated(command, "--install-window", rules.install_windows, "WINDOW",
              "Windows of writing the image alone");
  AddRepeated(command, "--reboot-window", rules.reboot_windows, "WINDOW",
              "Windows of the reboot alone");
  AddText(command, "--timezone", rules.timezone, "ZONE",
          "Of windows, blackouts and times, such as Europe/Berlin [windows: the node's; times: "
          "this machine's]");
  AddText(command, "--not-before", rules.not_before, "TIME", "Begin nothing earlier");
  AddText(command, "--not-after", rules.not_after, "TIME",
          "Fail the update if it has not come to its reboot by then");
  AddRepeated(command, "--blackout", rules.blackouts, "DATES",
              "Not on '2026-12-24' or in '2026-12-24..2027-01-02'; repeatable");
  AddText(command, "--random-delay", rules.random_delay, "DURATION",
          "Spread machines over so long from an opening on: '30m', '2h'");
  AddText(command, "--min-uptime", rules.minimum_uptime, "DURATION",
          "Only when the machine has been up for so long");
  AddText(command, "--reboot-delay", options.reboot_delay, "DURATION",
          "Warn users so long before the reboot");
  command
      .add_flag("--emergency", rules.emergency,
                "Pass windows, blackouts and the random delay by, but no safety check")
      ->group("Timing");
}

Result<v1::Timing> ToTiming(const TimingOptions& options) {
  auto parsed = calendar::ParseRules(options.rules);
  if (!parsed) {
    Error error = parsed.error();
    error.message.insert(0, "--");
    return Fail(std::move(error));
  }
  MATIC_TRY(CheckTogether(options.rules));
  MATIC_ASSIGN(const std::chrono::seconds reboot_delay, ParseRebootDelay(options.reboot_delay));
  const calendar::RulesText shown = calendar::FormatRules(*parsed);
  v1::Timing timing;
  SetMoment(parsed->at, &v1::Timing::mutable_at, timing);
  SetMoment(parsed->not_before, &v1::Timing::mutable_not_before, timing);
  SetMoment(parsed->not_after, &v1::Timing::mutable_not_after, timing);
  timing.set_timezone(shown.timezone);
  timing.mutable_windows()->Assign(shown.windows.begin(), shown.windows.end());
  timing.mutable_download_windows()->Assign(shown.download_windows.begin(),
                                            shown.download_windows.end());
  timing.mutable_install_windows()->Assign(shown.install_windows.begin(),
                                           shown.install_windows.end());
  timing.mutable_reboot_windows()->Assign(shown.reboot_windows.begin(), shown.reboot_windows.end());
  timing.mutable_blackouts()->Assign(shown.blackouts.begin(), shown.blackouts.end());
  timing.set_random_delay_seconds(static_cast<uint32_t>(parsed->random_delay.count()));
  timing.set_min_uptime_seconds(static_cast<uint32_t>(parsed->minimum_uptime.count()));
  timing.set_reboot_delay_seconds(static_cast<uint32_t>(reboot_delay.count()));
  timing.set_emergency(parsed->emergency);
  return timing;
}

Result<> CheckIsToCome(const v1::Timing& timing, WallTime now) {
  if (!timing.has_at()) return {};
  const WallTime at = std::chrono::system_clock::from_time_t(timing.at().seconds());
  if (at + std::chrono::minutes(1) > now) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "--at: " + FormatTime(at) + " is past, it is " + FormatTime(now) +
                  " now: name a time to come, or leave --at out to begin at once");
}

}  // namespace matic::osctl
