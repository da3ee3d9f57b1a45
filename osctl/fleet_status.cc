// osctl fleet status, history and health-check
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "osctl/fleet/run/machine_steps.h"
#include "osctl/fleet/run/parallel.h"
#include "osctl/fleet_commands.h"
#include "osctl/fleet_controller.h"
#include "osctl/fleet_view.h"
#include "osctl/render/names.h"
#include "osctl/render/table.h"

namespace matic::osctl {
namespace {

using nlohmann::json;

struct MachineRow {
  std::string name;
  Result<v1::GetStatusResponse> status = Fail(ErrorCode::kUnavailable, "not asked");
  Result<v1::GetHealthResponse> health = Fail(ErrorCode::kUnavailable, "not asked");
};

// `refresh_within` 0: as the machines saw it last.
Result<std::vector<MachineRow>> AskMachines(FleetController& controller,
                                            const fleet::Selection& selection,
                                            std::chrono::seconds refresh_within) {
  MATIC_ASSIGN(const auto machines, fleet::SelectMachines(controller.inventory, selection));
  std::vector<MachineRow> rows(machines.size());
  fleet::ForEachIndex(machines.size(), fleet::kAskedAtOnce, [&](size_t i) {
    rows[i].name = machines[i]->name;
    auto node = controller.nodes.Open(machines[i]->address);
    if (!node) {
      rows[i].status = Fail(node.error());
      return;
    }
    rows[i].status = (*node)->GetStatus();
    if (!rows[i].status) return;
    const bool refresh = refresh_within.count() > 0;
    rows[i].health =
        (*node)->GetHealth(refresh, refresh ? refresh_within : std::chrono::seconds(15));
  });
  return rows;
}

std::string HealthOf(const MachineRow& row, const Terminal& terminal) {
  if (!row.status) return terminal.Paint("unreachable", Style::kBad);
  if (!row.health) return terminal.Paint("unknown", Style::kWarning);
  if (!fleet::IsHealthy(*row.health)) return terminal.Paint("unhealthy", Style::kBad);
  const bool degraded = row.health->state() == v1::HEALTH_STATE_DEGRADED;
  return degraded ? terminal.Paint("degraded", Style::kWarning)
                  : terminal.Paint("healthy", Style::kGood);
}

std::string WhyOf(const MachineRow& row) {
  if (!row.status) return row.status.error().message;
  if (!row.health) return row.health.error().message;
  for (const v1::HealthCheck& check : row.health->checks()) {
    if (check.result() == v1::CHECK_RESULT_FAILED) return check.name() + ": " + check.output();
  }
  if (row.status->problems_size() > 0) return row.status->problems(0);
  return row.status->waiting_for();
}

std::string DoingOf(const v1::GetStatusResponse& status) {
  return status.phase() == v1::PHASE_UNSPECIFIED ? "-" : std::string(PhaseName(status.phase()));
}

std::string MachinesText(const std::vector<MachineRow>& rows, const Terminal& terminal) {
  Table table({"MACHINE", "RUNS", "HEALTH", "DOES", "HELD BY", "NOTE"});
  for (const MachineRow& row : rows) {
    const v1::Target* running = row.status ? fleet::RunningOf(*row.status) : nullptr;
    const bool held = row.status && row.status->has_lease();
    table.AddRow({row.name, running == nullptr ? "-" : running->version(), HealthOf(row, terminal),
                  row.status ? DoingOf(*row.status) : "-", held ? row.status->lease().run() : "-",
                  WhyOf(row)});
  }
  return table.Render(terminal);
}

json MachinesJson(const std::vector<MachineRow>& rows) {
  json machines = json::array();
  for (const MachineRow& row : rows) {
    const v1::Target* running = row.status ? fleet::RunningOf(*row.status) : nullptr;
    machines.push_back(
        {{"name", row.name},
         {"reachable", row.status.has_value()},
         {"version", running == nullptr ? "" : running->version()},
         {"digest", running == nullptr ? "" : running->digest()},
         {"healthy", row.health && fleet::IsHealthy(*row.health)},
         {"phase", row.status ? std::string(PhaseName(row.status->phase())) : ""},
         {"run", row.status && row.status->has_lease() ? row.status->lease().run() : ""},
         {"note", WhyOf(row)}});
  }
  return machines;
}

Result<> ShowStatus(const Session& session, const FleetOptions& options) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto rows, AskMachines(*controller, options.selection, {}));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  MATIC_ASSIGN(const std::optional<std::string> id, journal->Newest());
  json object = {{"fleet", controller->inventory.name}, {"machines", MachinesJson(rows)}};
  std::string text = MachinesText(rows, session.terminal());
  if (id) {
    MATIC_ASSIGN(const fleet::RunRecord run, journal->Find(*id));
    MATIC_ASSIGN(const fleet::RunState state, StateOf(*journal, run));
    const WallTime now = controller->clock.Now();
    const fleet::Decision decision = fleet::Decide(run.plan, state, now);
    object["run"] = RunJson(run, state, decision);
    text += "\n" + TitleOf(run) + " (" + FormatTime(run.created) + ", by " + run.requested_by +
            "): " + (run.finished ? "ended: " : "") + Summary(run.plan, state) + "\n";
    text +=
        run.finished ? EndText(run, state) : RunText(run, state, decision, now, session.terminal());
  }
  session.PrintOutcome(object, text);
  return {};
}

Result<ExitCode> CheckHealth(const Session& session, const FleetOptions& options,
                             uint32_t timeout) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  const auto within = timeout > 0 ? std::chrono::seconds(timeout)
                                  : controller->inventory.settings.health_check_timeout;
  MATIC_ASSIGN(const auto rows, AskMachines(*controller, options.selection, within));
  session.PrintOutcome({{"machines", MachinesJson(rows)}}, MachinesText(rows, session.terminal()));
  // One that is sick is known to be; one that is not reached may be well.
  const bool sick = std::ranges::any_of(
      rows, [](const MachineRow& row) { return row.health && !fleet::IsHealthy(*row.health); });
  const bool all = std::ranges::all_of(rows, [](const MachineRow& row) { return !!row.health; });
  if (sick) return ExitCode::kFailed;
  return all ? ExitCode::kDone : ExitCode::kUnreachable;
}

Result<> ShowHistory(const Session& session, const FleetOptions& options, uint32_t days) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  const WallTime since = controller->clock.Now() - std::chrono::hours(24) * days;
  MATIC_ASSIGN(const std::vector<std::string> ids, journal->RunsSince(since));
  Table table({"RUN", "FOR", "BEGUN", "BY", "ENDED", "MACHINES"});
  json runs = json::array();
  for (const std::string& id : ids) {
    MATIC_ASSIGN(const fleet::RunRecord run, journal->Find(id));
    MATIC_ASSIGN(const fleet::RunState state, StateOf(*journal, run));
    const std::string how = !run.finished                           ? "no"
                            : state.stop != fleet::StopCause::kNone ? state.stop_reason
                                                                    : "yes";
    table.AddRow({run.id, std::string(NameOf(run.plan.work)), FormatTime(run.created),
                  run.requested_by, how, Summary(run.plan, state)});
    runs.push_back(RunJson(run, state, {}));
  }
  session.PrintOutcome({{"runs", std::move(runs)}},
                       ids.empty() ? "no runs\n" : table.Render(session.terminal()));
  return {};
}

}  // namespace

void AddFleetStatusCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand(
      "status", "Show what all machines run and do, and the run that is under way or was last");
  AddSelection(*command, options->selection);
  command->footer("Examples:\n  osctl fleet status\n  osctl fleet status --group web");
  command->callback(
      [&session, options] { session.RunLocal([&] { return ShowStatus(session, *options); }); });
}

void AddFleetHealthCheckCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("health-check", "Run the health checks of all machines now");
  AddSelection(*command, options->selection);
  auto timeout = std::make_shared<uint32_t>(0);
  command->add_option("--timeout", *timeout, "Seconds for each machine [healthCheckTimeout]")
      ->type_name("SECONDS");
  command->footer("Example:\n  osctl fleet health-check --group web --timeout 60");
  command->callback([&session, options, timeout] {
    session.RunToOutcome(
        [&](const std::stop_token&) { return CheckHealth(session, *options, *timeout); });
  });
}

void AddFleetHistoryCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand("history", "Show the runs of the last days");
  auto days = std::make_shared<uint32_t>(30);
  command->add_option("--days", *days, "So many days back [30]")
      ->type_name("N")
      ->check(CLI::Range(1, 36500));
  command->footer("Example:\n  osctl fleet history --days 7");
  command->callback([&session, options, days] {
    session.RunLocal([&] { return ShowHistory(session, *options, *days); });
  });
}

}  // namespace matic::osctl
