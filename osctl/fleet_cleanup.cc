// osctl fleet cleanup: what runs have left behind, on the machines and in the journal.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "osctl/fleet/run/parallel.h"
#include "osctl/fleet_commands.h"
#include "osctl/fleet_controller.h"
#include "osctl/render/table.h"

namespace matic::osctl {
namespace {

using nlohmann::json;

struct CleanupOptions {
  uint32_t days = 90;
  uint32_t staged_days = 7;
  bool dry_run = false;
};

struct Cleaned {
  std::string machine;
  std::string what;  // empty: there was nothing
  bool failed = false;
};

Result<std::string> CleanUp(FleetController& controller, const fleet::Machine& machine,
                            const std::string& unfinished, WallTime before, bool dry_run) {
  MATIC_ASSIGN(const auto node, controller.nodes.Open(machine.address));
  MATIC_ASSIGN(const v1::GetStatusResponse status, node->GetStatus());
  if (status.phase() != v1::PHASE_STAGED || status.schedule_id().empty()) return std::string();
  MATIC_ASSIGN(const v1::Schedule schedule, node->GetSchedule(status.schedule_id()));
  const WallTime created = std::chrono::system_clock::from_time_t(schedule.created().seconds());
  // What a person has staged, and what somebody's run may still activate, is not ours.
  const bool held = status.has_lease() && status.lease().run() == schedule.run() &&
                    status.lease().stopped_by().empty();
  if (schedule.run().empty() || schedule.run() == unfinished || held || created >= before) {
    return std::string();
  }
  const std::string what =
      schedule.version() + ", staged by " + schedule.run() + " at " + FormatTime(created);
  if (dry_run) return what + ", would be discarded";
  MATIC_TRY(node->Cancel(schedule.id(), "staged by " + schedule.run() + ", and never activated"));
  return what + ", is discarded";
}

std::vector<Cleaned> CleanMachines(FleetController& controller,
                                   const std::vector<const fleet::Machine*>& machines,
                                   const std::string& unfinished, const CleanupOptions& cleanup) {
  const WallTime before =
      controller.clock.Now() - std::chrono::hours(24) * int64_t{cleanup.staged_days};
  std::vector<Cleaned> cleaned(machines.size());
  fleet::ForEachIndex(machines.size(), fleet::kAskedAtOnce, [&](size_t i) {
    const auto what = CleanUp(controller, *machines[i], unfinished, before, cleanup.dry_run);
    cleaned[i] = {machines[i]->name, what ? *what : what.error().message, !what};
  });
  return cleaned;
}

Result<std::vector<std::string>> ForgetRuns(FleetController& controller, fleet::Journal& journal,
                                            const CleanupOptions& cleanup) {
  const WallTime before = controller.clock.Now() - std::chrono::hours(24) * int64_t{cleanup.days};
  MATIC_ASSIGN(std::vector<std::string> runs, journal.FinishedBefore(before));
  // The last one is what `fleet status` shows.
  MATIC_ASSIGN(const std::optional<std::string> newest, journal.Newest());
  std::erase(runs, newest.value_or(""));
  for (const std::string& run : runs) {
    if (!cleanup.dry_run) MATIC_TRY(journal.Forget(run));
  }
  return runs;
}

Result<ExitCode> Clean(const Session& session, const FleetOptions& options,
                       const CleanupOptions& cleanup) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto machines,
               fleet::SelectMachines(controller->inventory, options.selection));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  MATIC_ASSIGN(const std::optional<std::string> unfinished, journal->Unfinished());
  const auto cleaned = CleanMachines(*controller, machines, unfinished.value_or(""), cleanup);
  MATIC_ASSIGN(const auto runs, ForgetRuns(*controller, *journal, cleanup));

  Table table({"MACHINE", "STAGED"});
  json of_machines = json::array();
  for (const Cleaned& one : cleaned) {
    of_machines.push_back({{"name", one.machine}, {"failed", one.failed}, {"text", one.what}});
    table.AddRow({one.machine, one.what.empty() ? "-" : one.what});
  }
  session.PrintOutcome({{"machines", std::move(of_machines)}, {"runs", runs}},
                       table.Render(session.terminal()) + std::to_string(runs.size()) +
                           (runs.size() == 1 ? " run" : " runs") +
                           (cleanup.dry_run ? " of the journal would be forgotten\n"
                                            : " of the journal forgotten\n"));
  const bool failed = std::ranges::any_of(cleaned, &Cleaned::failed);
  return failed ? ExitCode::kUnreachable : ExitCode::kDone;
}

}  // namespace

void AddFleetCleanupCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand(
      "cleanup", "Discard what was staged and never activated, and forget old runs");
  auto cleanup = std::make_shared<CleanupOptions>();
  AddSelection(*command, options->selection);
  command->add_option("--days", cleanup->days, "Ended runs older than this are forgotten [90]")
      ->type_name("N")
      ->check(CLI::Range(1, 36500));
  command
      ->add_option("--staged-days", cleanup->staged_days,
                   "Updates that a run has staged longer ago are discarded [7]")
      ->type_name("N")
      ->check(CLI::Range(0, 36500));
  command->add_flag("--dry-run", cleanup->dry_run, "Show what would be done, and change nothing");
  command->footer(R"(Examples:
  osctl fleet cleanup --dry-run
  osctl fleet cleanup --group web --staged-days 2 --days 365)");
  command->callback([&session, options, cleanup] {
    session.RunToOutcome(
        [&](const std::stop_token&) { return Clean(session, *options, *cleanup); });
  });
}

}  // namespace matic::osctl
