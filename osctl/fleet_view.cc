#include "osctl/fleet_view.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "osctl/fleet/inventory/describe.h"
#include "osctl/render/table.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

using fleet::MachinePhase;
using nlohmann::json;

constexpr size_t kNoticesShown = 5;

Style StyleOf(MachinePhase phase) {
  switch (phase) {
    case MachinePhase::kUpdated:
      return Style::kGood;
    case MachinePhase::kFailed:
    case MachinePhase::kRolledBack:
      return Style::kBad;
    case MachinePhase::kRollingBack:
    case MachinePhase::kCancelling:
    case MachinePhase::kRebootPending:
    case MachinePhase::kSkipped:
      return Style::kWarning;
    case MachinePhase::kWaiting:
    case MachinePhase::kNotReached:
      return Style::kDim;
    case MachinePhase::kStaging:
    case MachinePhase::kActivating:
    case MachinePhase::kRebooting:
    case MachinePhase::kVerifying:
      return Style::kPlain;
  }
  return Style::kPlain;
}

std::string WaveName(const fleet::PlannedGroup& group, size_t wave) {
  const std::string number = std::to_string(wave + 1) + "/" + std::to_string(group.waves.size());
  return group.waves[wave].canary ? number + " canary" : number;
}

std::string VersionOf(const fleet::Plan& plan, const fleet::RunState& state, size_t machine) {
  const std::string& runs = state.machines[machine].version;
  const std::string& target = plan.machines[machine].target.version;
  if (target.empty() || runs == target) return runs.empty() ? "-" : runs;
  return (runs.empty() ? "?" : runs) + " → " + target;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string WaitsText(const fleet::Plan& plan, const fleet::Decision& decision) {
  std::vector<std::string> waits;
  for (const fleet::Wait& wait : decision.waits) {
    std::string text = wait.group ? plan.groups[*wait.group].name + ": " + wait.why : wait.why;
    if (wait.until) text += " until " + FormatTime(*wait.until);
    if (std::ranges::find(waits, text) == waits.end()) waits.push_back(std::move(text));
  }
  return Joined(waits);
}

// What is to become of a machine.
std::string AimOf(const fleet::PlannedMachine& machine) {
  if (machine.work == fleet::Work::kRestart) return "a reboot";
  if (machine.work == fleet::Work::kRollBack) {
    return machine.generation == 0 ? "what it ran before"
                                   : "generation " + std::to_string(machine.generation);
  }
  if (!machine.target.version.empty()) return machine.target.version;
  const std::string shown = fleet::ShowTarget(machine.target.target);
  return shown.empty() ? "its own" : shown;
}

json TargetJson(const fleet::PinnedTarget& target) {
  return {{"target", fleet::ShowTarget(target.target)},
          {"version", target.version},
          {"digest", target.digest}};
}

std::string LeftOutLine(const fleet::LeftOut& left) {
  return left.machine + ": " + std::string(NameOf(left.reason)) +
         (left.detail.empty() ? "" : ": " + OneLine(left.detail)) + "\n";
}

json LeftOutJson(const fleet::Plan& plan) {
  json list = json::array();
  for (const fleet::LeftOut& left : plan.left_out) {
    list.push_back({{"machine", left.machine},
                    {"group", left.group},
                    {"reason", NameOf(left.reason)},
                    {"detail", left.detail}});
  }
  return list;
}

}  // namespace

std::string PlanText(const fleet::Plan& plan, const Terminal& terminal) {
  std::string text;
  Table table({"GROUP", "WAVE", "MACHINES", "TARGET"});
  size_t rows = 0;
  for (const fleet::PlannedGroup& group : plan.groups) {
    for (size_t wave = 0; wave < group.waves.size(); ++wave, ++rows) {
      std::vector<std::string> names;
      for (const size_t index : group.waves[wave].machines) {
        names.push_back(plan.machines[index].name);
      }
      table.AddRow({group.name, WaveName(group, wave), Joined(names),
                    AimOf(plan.machines[group.waves[wave].machines.front()])});
    }
  }
  if (rows > 0) text += table.Render(terminal);
  for (const fleet::PlannedGroup& group : plan.groups) {
    if (!group.skip.empty()) text += group.name + ": not touched: " + OneLine(group.skip) + "\n";
    if (group.needs_approval && !group.waves.empty()) {
      text += group.name + " waits for approval (osctl fleet approve " + group.name + ")\n";
    }
  }
  for (const fleet::LeftOut& left : plan.left_out) text += LeftOutLine(left);
  return text.empty() ? "nothing to do\n" : text;
}

json PlanJson(const fleet::Plan& plan) {
  json groups = json::array();
  for (const fleet::PlannedGroup& group : plan.groups) {
    json waves = json::array();
    for (const fleet::Wave& wave : group.waves) {
      json machines = json::array();
      for (const size_t index : wave.machines) {
        json machine = TargetJson(plan.machines[index].target);
        machine["name"] = plan.machines[index].name;
        machines.push_back(std::move(machine));
      }
      waves.push_back({{"canary", wave.canary}, {"machines", std::move(machines)}});
    }
    groups.push_back({{"name", group.name},
                      {"skip", group.skip},
                      {"needs_approval", group.needs_approval},
                      {"waves", std::move(waves)}});
  }
  return {{"fleet", plan.fleet},
          {"work", NameOf(plan.work)},
          {"groups", std::move(groups)},
          {"left_out", LeftOutJson(plan)}};
}

std::string RunText(const fleet::RunRecord& run, const fleet::RunState& state,
                    const fleet::Decision& decision, WallTime now, const Terminal& terminal) {
  Table table({"MACHINE", "GROUP", "WAVE", "PHASE", "VERSION", "SINCE", "WHY"});
  for (size_t i = 0; i < state.machines.size(); ++i) {
    const fleet::MachineRun& machine = state.machines[i];
    const fleet::PlannedGroup& group = run.plan.groups[machine.group];
    const auto since = std::chrono::floor<std::chrono::seconds>(now - machine.since);
    table.AddRow({run.plan.machines[i].name, group.name, WaveName(group, machine.wave),
                  terminal.Paint(NameOf(machine.phase, run.plan.work), StyleOf(machine.phase)),
                  VersionOf(run.plan, state, i), FormatDuration(since), machine.reason});
  }
  std::string text = table.Render(terminal);
  for (const fleet::LeftOut& left : run.plan.left_out) {
    if (left.reason != fleet::LeftOutReason::kUpToDate) text += LeftOutLine(left);
  }
  if (const std::string waits = WaitsText(run.plan, decision); !waits.empty()) {
    text += "Waits: " + OneLine(waits) + "\n";
  }
  for (size_t i = 0; i < state.groups.size(); ++i) {
    const fleet::GroupRun& group = state.groups[i];
    if (group.end == fleet::GroupEnd::kOpen || group.end == fleet::GroupEnd::kWell) continue;
    text += "Group " + run.plan.groups[i].name + ": " + std::string(NameOf(group.end)) +
            (group.reason.empty() ? "" : ": " + OneLine(group.reason)) + "\n";
  }
  if (state.stop != fleet::StopCause::kNone)
    text += "Stopped: " + OneLine(state.stop_reason) + "\n";
  return text;
}

json RunJson(const fleet::RunRecord& run, const fleet::RunState& state,
             const fleet::Decision& decision) {
  json machines = json::array();
  for (size_t i = 0; i < state.machines.size(); ++i) {
    const fleet::MachineRun& machine = state.machines[i];
    machines.push_back({{"name", run.plan.machines[i].name},
                        {"group", run.plan.groups[machine.group].name},
                        {"wave", machine.wave + 1},
                        {"phase", NameOf(machine.phase, run.plan.work)},
                        {"since", FormatTime(machine.since)},
                        {"version", machine.version},
                        {"reason", machine.reason}});
  }
  json groups = json::array();
  for (size_t i = 0; i < state.groups.size(); ++i) {
    groups.push_back({{"name", run.plan.groups[i].name},
                      {"phase", NameOf(state.groups[i].phase)},
                      {"end", NameOf(state.groups[i].end)},
                      {"reason", state.groups[i].reason}});
  }
  return {{"run", run.id},
          {"fleet", run.fleet},
          {"work", NameOf(run.plan.work)},
          {"created", FormatTime(run.created)},
          {"requested_by", run.requested_by},
          {"finished", state.finished},
          {"paused", state.paused},
          {"stop", NameOf(state.stop)},
          {"stop_reason", state.stop_reason},
          {"waits", WaitsText(run.plan, decision)},
          {"machines", std::move(machines)},
          {"left_out", LeftOutJson(run.plan)},
          {"groups", std::move(groups)}};
}

ExitCode OutcomeCode(const fleet::RunState& state) {
  const auto is = [&](MachinePhase phase) {
    return std::ranges::any_of(state.machines, [phase](const fleet::MachineRun& machine) {
      return machine.phase == phase;
    });
  };
  if (is(MachinePhase::kFailed)) return ExitCode::kUpdateFailed;
  if (is(MachinePhase::kRolledBack)) return ExitCode::kRolledBack;
  const bool well = state.stop == fleet::StopCause::kNone &&
                    std::ranges::all_of(state.groups, [](const fleet::GroupRun& group) {
                      return group.end == fleet::GroupEnd::kWell;
                    });
  return well ? ExitCode::kDone : ExitCode::kUpdateFailed;
}

std::string TitleOf(const fleet::RunRecord& run) {
  const bool update = run.plan.work == fleet::Work::kUpdate;
  return run.id + " of " + run.fleet +
         (update ? "" : " (" + std::string(NameOf(run.plan.work)) + ")");
}

RunView::RunView(const Session& session)
    : session_(session), block_(session.out(), session.terminal()) {}

void RunView::Tell(const fleet::RunRecord& run, const fleet::RunState&,
                   const fleet::Notice& notice) {
  const std::string group = notice.group ? run.plan.groups[*notice.group].name : "";
  if (session_.json()) {
    const json object = {{"time", FormatTime(notice.at)},
                         {"event", NameOf(notice.kind)},
                         {"run", run.id},
                         {"group", group},
                         {"machine", notice.machine},
                         {"text", notice.text}};
    session_.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n'
                   << std::flush;
    return;
  }
  std::string line = FormatTime(notice.at) + " " + std::string(NameOf(notice.kind));
  if (!group.empty()) line += " " + group;
  if (!notice.machine.empty()) line += " " + notice.machine;
  if (!notice.text.empty()) line += ": " + notice.text;
  Note(std::move(line));
}

void RunView::Warn(const std::string& run, const std::string& text) {
  const std::string now = FormatTime(std::chrono::system_clock::now());
  if (session_.json()) {
    const json object = {{"time", now}, {"event", "warning"}, {"run", run}, {"text", text}};
    session_.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n'
                   << std::flush;
    return;
  }
  Note(now + " warning: " + text);
}

void RunView::Note(std::string line) {
  line = OneLine(line);
  if (!session_.terminal().interactive) {
    session_.out() << line << '\n' << std::flush;
    return;
  }
  notices_.push_back(std::move(line));
  if (notices_.size() > kNoticesShown) notices_.erase(notices_.begin());
}

void RunView::Changed(const fleet::RunRecord& run, const fleet::RunState& state,
                      const fleet::Decision& decision) {
  if (!session_.terminal().interactive || session_.json()) return Lines(run, state, decision);
  std::string text =
      "Run " + TitleOf(run) + ": " + Summary(run.plan, state) + "\n" +
      RunText(run, state, decision, std::chrono::system_clock::now(), session_.terminal());
  for (const std::string& notice : notices_) {
    text += session_.terminal().Paint(notice, Style::kDim) + "\n";
  }
  block_.Draw(text);
}

void RunView::Lines(const fleet::RunRecord& run, const fleet::RunState& state,
                    const fleet::Decision& decision) {
  shown_.resize(state.machines.size(), MachinePhase::kWaiting);
  for (size_t i = 0; i < state.machines.size(); ++i) {
    const fleet::MachineRun& machine = state.machines[i];
    if (machine.phase == shown_[i]) continue;
    shown_[i] = machine.phase;
    if (session_.json()) {
      const json object = {{"time", FormatTime(machine.since)},
                           {"event", "phase"},
                           {"run", run.id},
                           {"group", run.plan.groups[machine.group].name},
                           {"machine", run.plan.machines[i].name},
                           {"phase", NameOf(machine.phase, run.plan.work)},
                           {"version", machine.version},
                           {"reason", machine.reason}};
      session_.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    } else {
      session_.out() << FormatTime(machine.since) << ' ' << run.plan.machines[i].name << ": "
                     << NameOf(machine.phase, run.plan.work)
                     << (machine.reason.empty() ? "" : ": " + OneLine(machine.reason)) << '\n';
    }
  }
  const std::string waits = WaitsText(run.plan, decision);
  if (waits != waits_ && !waits.empty() && !session_.json()) {
    session_.out() << "waits: " << OneLine(waits) << '\n';
  }
  waits_ = waits;
  session_.out() << std::flush;
}

}  // namespace matic::osctl
