// osctl fleet plan, and osctl fleet run
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/journal/run_lock.h"
#include "osctl/fleet/run/fleet_facts.h"
#include "osctl/fleet_commands.h"
#include "osctl/fleet_controller.h"
#include "osctl/fleet_view.h"
#include "osctl/pki_commands.h"

namespace matic::osctl {
namespace {

struct RunOptions {
  bool resume = false;
  bool dry_run = false;
};

// "run-20261121-020000-1f6c"; sorts by its time.
std::string NewRunId(WallTime now) {
  std::string time;
  for (const char c : FormatTime(now)) {
    if (c >= '0' && c <= '9') time += c;
    if (c == 'T') time += '-';
  }
  std::array<char, 8> random{};
  std::snprintf(random.data(), random.size(), "%04x", std::random_device()() & 0xffffu);
  return "run-" + time + "-" + random.data();
}

Result<fleet::Plan> PlanNow(FleetController& controller, const fleet::Selection& selection) {
  MATIC_ASSIGN(const auto machines, fleet::SelectMachines(controller.inventory, selection));
  MATIC_ASSIGN(const fleet::FleetFacts facts,
               fleet::GatherFacts(controller.inventory, machines, controller.nodes,
                                  controller.processes, controller.clock));
  return fleet::MakePlan(controller.inventory, selection, facts);
}

Result<> ShowPlan(const Session& session, const FleetOptions& options) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const fleet::Plan plan, PlanNow(*controller, options.selection));
  PrintEither(session, PlanJson(plan), PlanText(plan, session.terminal()));
  return {};
}

Result<fleet::RunRecord> NewRun(FleetController& controller, fleet::Plan plan) {
  const WallTime now = controller.clock.Now();
  fleet::RunRecord run{.id = NewRunId(now),
                       .fleet = controller.inventory.name,
                       .created = now,
                       .requested_by = FleetController::Holder(),
                       .plan = std::move(plan)};
  for (const fleet::Machine& machine : controller.inventory.machines) {
    run.addresses[machine.name] = fleet::FormatAddress(machine.address);
  }
  return run;
}

bool NothingToDo(const fleet::Plan& plan) {
  return plan.machines.empty() &&
         std::ranges::none_of(plan.groups, [](const fleet::PlannedGroup& group) {
           return group.failures_before > 0 || !group.skip.empty();
         });
}

// What is left of the run before, or a new one; nothing where there is nothing to do.
Result<std::optional<fleet::RunRecord>> Begin(Session& session, FleetController& controller,
                                              fleet::Journal& journal, const RunOptions& options,
                                              const fleet::Selection& selection) {
  MATIC_ASSIGN(const std::optional<std::string> left, journal.Unfinished());
  if (options.resume) {
    if (!left) {
      session.out() << "nothing to go on with\n";
      return std::nullopt;
    }
    MATIC_ASSIGN(fleet::RunRecord run, journal.Find(*left));
    return run;
  }
  if (left) {
    return Fail(ErrorCode::kRefused,
                *left +
                    " was left before its end; --resume goes on with it, osctl fleet stop "
                    "ends it");
  }
  MATIC_ASSIGN(fleet::Plan plan, PlanNow(controller, selection));
  if (NothingToDo(plan)) {
    PrintEither(session, PlanJson(plan), PlanText(plan, session.terminal()));
    return std::nullopt;
  }
  MATIC_ASSIGN(fleet::RunRecord run, NewRun(controller, std::move(plan)));
  MATIC_TRY(journal.Begin(run));
  return run;
}

Result<ExitCode> Run(Session& session, const FleetOptions& fleet_options, const RunOptions& options,
                     std::stop_token stop) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, fleet_options));
  MATIC_ASSIGN(const std::filesystem::path file, controller->JournalFile());
  MATIC_ASSIGN(const fleet::RunLock lock, fleet::RunLock::Take(file));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  MATIC_ASSIGN(const std::optional<fleet::RunRecord> run,
               Begin(session, *controller, *journal, options, fleet_options.selection));
  if (!run) return ExitCode::kDone;
  RunView view(session);
  fleet::RunEngine engine(*journal, controller->nodes, controller->processes, controller->clock,
                          view);
  Result<fleet::RunState> state = engine.Carry(*run, std::move(stop));
  if (!state && state.error().code == ErrorCode::kCancelled) {
    return Fail(ErrorCode::kCancelled,
                run->id +
                    " was left before its end; what is under way on machines goes on there; "
                    "osctl fleet run --resume goes on with it, osctl fleet stop ends it");
  }
  if (!state) return Fail(state.error());
  if (session.json()) {
    nlohmann::json object = RunJson(*run, *state, {});
    object["event"] = "end";
    session.out() << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    session.out() << run->id << ": " << Summary(*state) << '\n';
  }
  return OutcomeCode(*state);
}

}  // namespace

void AddFleetPlanCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand(
      "plan", "Ask all machines, and show what a run would do now; nothing is changed");
  AddSelection(*command, options->selection);
  command->footer("Example:\n  osctl fleet plan --group web");
  command->callback(
      [&session, options] { session.RunLocal([&] { return ShowPlan(session, *options); }); });
}

void AddFleetRunCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("run", "Update the fleet in waves, and stop where too much fails");
  AddSelection(*command, options->selection);
  auto run = std::make_shared<RunOptions>();
  command->add_flag("--resume", run->resume, "Go on with the run that was left before its end");
  command->add_flag("--dry-run", run->dry_run, "Show the plan only, as osctl fleet plan does");
  command->footer(R"(Examples:
  osctl fleet run
  osctl fleet run --group web --dry-run
  osctl fleet run --resume)");
  command->callback([&session, options, run] {
    if (run->dry_run) return session.RunLocal([&] { return ShowPlan(session, *options); });
    session.RunToOutcome(
        [&](std::stop_token stop) { return Run(session, *options, *run, std::move(stop)); });
  });
}

}  // namespace matic::osctl
