#include "osctl/fleet_view.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "osctl/fleet/inventory/describe.h"
#include "osctl/render/table.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

using fleet::MachinePhase;
using nlohmann::json;

constexpr size_t kFewestRows = 3;

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

std::string MachinesTable(const fleet::RunRecord& run, const fleet::RunState& state,
                          const std::vector<size_t>& rows, WallTime now, const Terminal& terminal) {
  Table table({"MACHINE", "GROUP", "WAVE", "PHASE", "VERSION", "SINCE", "WHY"});
  for (const size_t index : rows) {
    const fleet::MachineRun& machine = state.machines[index];
    const fleet::PlannedGroup& group = run.plan.groups[machine.group];
    const auto since = std::chrono::floor<std::chrono::seconds>(now - machine.since);
    table.AddRow({run.plan.machines[index].name, group.name, WaveName(group, machine.wave),
                  terminal.Paint(NameOf(machine.phase, run.plan.work), StyleOf(machine.phase)),
                  VersionOf(run.plan, state, index), FormatDuration(since), machine.reason});
  }
  return table.Render(terminal);
}

// Below the machines: who was left out, what is waited for, and what did not end well.
std::string NotesText(const fleet::RunRecord& run, const fleet::RunState& state,
                      const fleet::Decision& decision) {
  std::string text;
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
  if (state.stop != fleet::StopCause::kNone) {
    text += "Stopped: " + OneLine(state.stop_reason) + "\n";
  }
  return text;
}

// Where not all machines can be shown, the lower ones are.
int RankOf(MachinePhase phase) {
  if (phase == MachinePhase::kWaiting) return 3;
  if (!fleet::IsEnd(phase)) return 0;  // at work
  if (phase == MachinePhase::kFailed || phase == MachinePhase::kRolledBack) return 1;
  if (phase == MachinePhase::kUpdated) return 4;
  return phase == MachinePhase::kNotReached ? 5 : 2;
}

}  // namespace

std::string WaitsText(const fleet::Plan& plan, const fleet::Decision& decision) {
  std::vector<std::string> waits;
  for (const fleet::Wait& wait : decision.waits) {
    std::string text = wait.group ? plan.groups[*wait.group].name + ": " + wait.why : wait.why;
    if (wait.until) text += " until " + FormatTime(*wait.until);
    if (std::ranges::find(waits, text) == waits.end()) waits.push_back(std::move(text));
  }
  return Joined(waits);
}

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
                    const fleet::Decision& decision, WallTime now, const Terminal& terminal,
                    size_t lines) {
  const std::string notes = NotesText(run, state, decision);
  const auto used = static_cast<size_t>(std::ranges::count(notes, '\n')) + 1;  // and the header
  const size_t room = std::max(kFewestRows, lines > used ? lines - used : 0);
  std::vector<size_t> rows(state.machines.size());
  std::iota(rows.begin(), rows.end(), size_t{0});
  std::string more;
  if (rows.size() > room) {
    std::ranges::stable_sort(rows, {},
                             [&](size_t index) { return RankOf(state.machines[index].phase); });
    const std::vector<size_t> rest(rows.begin() + static_cast<ptrdiff_t>(room) - 1, rows.end());
    more =
        "… and " + std::to_string(rest.size()) + " more: " + Summary(run.plan, state, rest) + "\n";
    rows.resize(room - 1);
  }
  return MachinesTable(run, state, rows, now, terminal) + more + notes;
}

std::string EndText(const fleet::RunRecord& run, const fleet::RunState& state) {
  std::string text;
  for (size_t i = 0; i < state.machines.size(); ++i) {
    const fleet::MachineRun& machine = state.machines[i];
    if (machine.phase == MachinePhase::kUpdated) continue;
    if (machine.phase == MachinePhase::kNotReached) continue;  // its group's reason is theirs
    text += run.plan.machines[i].name + ": " + std::string(NameOf(machine.phase, run.plan.work)) +
            (machine.reason.empty() ? "" : ": " + OneLine(machine.reason)) + "\n";
  }
  return text + NotesText(run, state, {});
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

}  // namespace matic::osctl
