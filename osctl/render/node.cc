#include "osctl/render/node.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "osctl/render/history.h"
#include "osctl/render/names.h"
#include "osctl/render/table.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

constexpr size_t kLabelColumns = 13;

constexpr size_t kGenerationsInStatus = 5;

// What a slot is to the machine, in words: "running, on trial, next".
std::string Role(const v1::Target& target) {
  std::string text;
  const auto append = [&](bool applies, std::string_view word) {
    if (!applies) return;
    text += (text.empty() ? "" : ", ") + std::string(word);
  };
  append(target.running(), "running");
  append(target.on_trial(), "on trial");
  append(target.next(), "next");
  append(!target.bootable(), "not bootable");
  append(target.golden(), "golden");
  append(target.generation() == 0 && target.bootable() && !target.running() && !target.next(),
         "way back");
  return text;
}

Style RoleStyle(const v1::Target& target) {
  if (target.on_trial()) return Style::kWarning;
  if (target.running()) return Style::kGood;
  return target.bootable() ? Style::kPlain : Style::kDim;
}

std::string TargetTable(const v1::GetStatusResponse& status, const Terminal& terminal) {
  Table table({"SLOT", "VERSION", "STATE", "PRIORITY", "TRIES", "SUCCESSFUL", "SIZE", "DEVICE"});
  for (const v1::Target& target : status.targets()) {
    table.AddRow({Shown(target.name()), Shown(target.version()),
                  terminal.Paint(Shown(Role(target)), RoleStyle(target)),
                  std::to_string(target.priority()), std::to_string(target.tries()),
                  target.successful() ? "yes" : "no",
                  target.size_bytes() == 0 ? "-" : FormatBytes(target.size_bytes()),
                  Shown(target.device())});
  }
  return table.Render(terminal);
}

bool IsOfNote(const v1::Target& target) {
  return target.running() || target.next() || target.on_trial() || target.golden();
}

// What is of note, and of the others the newest.
std::string Generations(const v1::GetStatusResponse& status, size_t others,
                        const Terminal& terminal) {
  std::vector<v1::Target> targets(status.targets().begin(), status.targets().end());
  std::ranges::stable_sort(targets, std::greater<>(), &v1::Target::generation);
  Table table({"GENERATION", "VERSION", "STATE", "SYSTEM"});
  for (const v1::Target& target : targets) {
    if (!IsOfNote(target)) {
      if (others == 0) continue;
      --others;
    }
    table.AddRow({target.generation() == 0 ? "-" : std::to_string(target.generation()),
                  Shown(target.version()), terminal.Paint(Shown(Role(target)), RoleStyle(target)),
                  Shown(target.device())});
  }
  return table.Render(terminal);
}

std::string UpdateText(const v1::GetStatusResponse& status) {
  if (status.phase() == v1::PHASE_UNSPECIFIED) return "none under way";
  std::string text = PhaseName(status.phase());
  if (!status.schedule_id().empty()) text += ", " + Shown(status.schedule_id());
  if (!status.waiting_for().empty()) text += ": " + Shown(status.waiting_for());
  if (status.boot_counter() > 0) text += " (start " + std::to_string(status.boot_counter()) + ")";
  return text;
}

std::string NextLook(const v1::ChannelStatus& channel) {
  return channel.has_next_look() ? TimeText(channel.next_look()) : "when it is asked for an update";
}

}  // namespace

std::string StatusText(const v1::GetStatusResponse& status, const Terminal& terminal) {
  std::string text = terminal.Paint(Shown(status.node_name()), Style::kBold) + "   version " +
                     Shown(status.os_version()) + "   up " +
                     FormatDuration(std::chrono::seconds(status.uptime_seconds())) + "\n\n";
  const bool slots = status.backend() != "nixos";
  text += (slots ? TargetTable(status, terminal)
                 : Generations(status, kGenerationsInStatus, terminal)) +
          "\n";
  const auto line = [&](std::string_view label, const std::string& value) {
    text += Pad(label, kLabelColumns) + value + "\n";
  };
  line("Update", UpdateText(status));
  if (status.has_last_update_time()) line("Last update", TimeText(status.last_update_time()));
  line("Agent", Shown(status.agent_version()) + ", backend " + Shown(status.backend()));
  line("Machine", Shown(status.machine_id()) + ", boot " + Shown(status.boot_id()));
  if (status.has_certificate_expiry()) {
    line("Certificate", "until " + TimeText(status.certificate_expiry()));
  }
  if (status.has_channel()) {
    line("Channel", Shown(status.channel().url()));
    line("Next look", NextLook(status.channel()));
    if (!status.channel().last_result().empty()) {
      line("Last look", Shown(status.channel().last_result()));
    }
  }
  for (const std::string& digest : status.quarantined()) line("Quarantined", Shown(digest));
  for (const std::string& problem : status.problems()) {
    text += terminal.Paint(Pad("Problem", kLabelColumns), Style::kWarning) + Shown(problem) + "\n";
  }
  if (!status.events().empty()) text += "\n" + EventTable(status.events(), terminal);
  return text;
}

std::string GenerationTable(const v1::GetStatusResponse& status, const Terminal& terminal) {
  return Generations(status, static_cast<size_t>(status.targets_size()), terminal);
}

std::string CheckText(const v1::HealthCheck& check, size_t name_columns, const Terminal& terminal) {
  const bool passed = check.result() == v1::CHECK_RESULT_PASSED;
  const bool failed = check.result() == v1::CHECK_RESULT_FAILED;
  const char* word = passed ? "ok" : !failed ? "…" : check.critical() ? "FAIL" : "warn";
  const Style style = passed    ? Style::kGood
                      : !failed ? Style::kPlain
                                : (check.critical() ? Style::kBad : Style::kWarning);
  const std::string duration = std::to_string(check.duration_milliseconds()) + " ms";
  std::string line = Pad(terminal.Paint(word, style), 6) +
                     Pad(Shown(check.name()), name_columns + 1) +
                     std::string(duration.size() < 8 ? 8 - duration.size() : 0, ' ') + duration +
                     "   " + (check.output().empty() ? "" : Shown(check.output()));
  if (failed && !check.critical()) line += " (not critical)";
  if (check.attempts() > 1) line += " (attempt " + std::to_string(check.attempts()) + ")";
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string HealthText(const v1::GetHealthResponse& health, const Terminal& terminal) {
  std::string text = terminal.Paint(HealthName(health.state()), HealthStyle(health.state()));
  if (!health.has_last_updated()) return text + "   not checked yet\n";
  text += "   last updated " + TimeText(health.last_updated()) + "\n";
  size_t name_columns = 8;
  for (const v1::HealthCheck& check : health.checks()) {
    name_columns = std::max(name_columns, DisplayWidth(check.name()));
  }
  for (const v1::HealthCheck& check : health.checks()) {
    text += "  " + CheckText(check, name_columns, terminal) + "\n";
  }
  return text;
}

std::string RollbackTable(const v1::GetRollbackHistoryResponse& history, const Terminal& terminal) {
  if (history.records().empty()) return "No rollbacks.\n";
  Table table({"TIME", "KIND", "FROM", "TO", "VERSION", "REASON"});
  for (const v1::RollbackRecord& record : history.records()) {
    std::string reason = Shown(record.reason());
    if (!record.requested_by().empty()) reason += ", by " + Shown(record.requested_by());
    table.AddRow({TimeText(record.time()), KindName(record.kind()), Shown(record.from()),
                  Shown(record.to()), Shown(record.version()), reason});
  }
  return table.Render(terminal);
}

}  // namespace matic::osctl
