// osctl fleet update prepare, execute and verify: an update in steps.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "osctl/fleet/run/machine_steps.h"
#include "osctl/fleet/run/parallel.h"
#include "osctl/fleet_build.h"
#include "osctl/fleet_pins.h"
#include "osctl/fleet_run.h"
#include "osctl/render/table.h"

namespace matic::osctl {
namespace {

using nlohmann::json;

// What was prepared or run longer ago says nothing of what machines are to run now.
constexpr auto kRemembered = std::chrono::hours(24 * 30);

Result<std::map<std::string, fleet::Pin>> PinsNow(FleetController& controller,
                                                  fleet::Journal& journal,
                                                  const fleet::Selection& selection, PinnedBy by) {
  MATIC_ASSIGN(const auto machines, fleet::SelectMachines(controller.inventory, selection));
  return PinsOf(journal, machines, by, controller.clock.Now() - kRemembered);
}

Result<fleet::Plan> PlanPreparing(FleetController& controller, const fleet::Selection& selection,
                                  const BuildOptions& build, bool dry_run) {
  std::map<std::string, fleet::Pin> pins;
  if (build.here && !dry_run) {
    MATIC_ASSIGN(pins, BuildHere(controller, selection, build));
  }
  return PlanNow(controller, selection, {.work = fleet::Work::kPrepare}, pins);
}

void AddPrepare(CLI::App& update, Session& session, SharedFleetOptions options) {
  CLI::App* command = update.add_subcommand(
      "prepare", "Download or build the update on all machines; what runs is not touched");
  auto build = std::make_shared<BuildOptions>();
  CLI::Option* here = command->add_flag(
      "--build-here", build->here,
      "Build the systems of Nix hosts on this machine, and copy them there through ssh");
  command
      ->add_flag("--update-inputs", build->update_inputs,
                 "First move the inputs of the flakes, in folders of this machine, to their newest")
      ->needs(here);
  command->footer(R"(Examples:
  osctl fleet update prepare --group web
  osctl fleet update prepare --build-here --update-inputs)");
  BeginsRun(*command, session, options,
            [options, command, build](FleetController& controller, fleet::Journal&) {
              return PlanPreparing(controller, options->selection, *build,
                                   command->count("--dry-run") > 0);
            });
}

Result<fleet::Plan> PlanPrepared(FleetController& controller, fleet::Journal& journal,
                                 const fleet::Selection& selection, uint32_t parallel) {
  if (parallel > 0) controller.inventory.settings.max_parallel = parallel;
  MATIC_ASSIGN(const auto pins, PinsNow(controller, journal, selection, PinnedBy::kPreparing));
  MATIC_ASSIGN(fleet::Plan plan, PlanNow(controller, selection, {.prepared_only = true}, pins));
  const bool missing = std::ranges::any_of(plan.left_out, [](const fleet::LeftOut& left) {
    return left.reason == fleet::LeftOutReason::kNotPrepared;
  });
  if (!plan.machines.empty() || !missing) return plan;
  return Fail(ErrorCode::kRefused,
              "none of these machines has been prepared: osctl fleet update prepare does that, and "
              "osctl fleet run is both");
}

void AddExecute(CLI::App& update, Session& session, SharedFleetOptions options) {
  CLI::App* command = update.add_subcommand(
      "execute", "Activate what was prepared, in waves, and reboot as allowed");
  auto parallel = std::make_shared<uint32_t>(0);
  command->add_option("--parallel", *parallel, "So many machines down at once [maxParallel]")
      ->type_name("N")
      ->check(CLI::Range(1, 20000));
  command->footer("Example:\n  osctl fleet update execute --parallel 2");
  BeginsRun(*command, session, options,
            [options, parallel](FleetController& controller, fleet::Journal& journal) {
              return PlanPrepared(controller, journal, options->selection, *parallel);
            });
}

// How a machine was found.
struct Finding {
  std::string machine;
  bool well = false;
  std::string text;
};

std::string Wanted(const fleet::PinnedTarget& target) {
  return target.version.empty() ? target.digest.substr(0, 12) + "…" : target.version;
}

// What a Nix host was to run is known where it was built, and there by the run that did it.
Result<bool> RunsWhatWasScheduled(fleet::Node& node, const fleet::Pin* pin,
                                  const std::string& system) {
  if (pin == nullptr) return false;
  MATIC_ASSIGN(const v1::Schedule newest, node.GetSchedule(""));
  return newest.run() == pin->run && newest.state() == v1::SCHEDULE_STATE_COMPLETED &&
         newest.target() == system;
}

Finding Find(FleetController& controller, const fleet::Machine& machine,
             const fleet::MachineFacts& facts, const fleet::Pin* pin) {
  Finding finding;
  finding.machine = machine.name;
  if (!facts.reachable) {
    finding.text = "not reached: " + facts.problem;
  } else if (!facts.healthy) {
    finding.text = "runs " + facts.version + ", not healthy";
    if (!facts.problem.empty()) finding.text += ": " + facts.problem;
  } else if (!facts.no_target.empty()) {
    finding.text = "runs " + facts.version + "; no target: " + facts.no_target;
  } else if (facts.up_to_date) {
    finding.well = true;
    finding.text = "runs " + facts.version;
  } else if (!facts.target.digest.empty()) {
    finding.text = "runs " + facts.version + ", not " + Wanted(facts.target);
    if (!facts.staged.empty()) finding.text += ", which is staged";
  } else {
    auto node = controller.nodes.Open(machine.address);
    const Result<bool> runs =
        node ? RunsWhatWasScheduled(**node, pin, facts.system) : Result<bool>(Fail(node.error()));
    finding.well = runs && *runs;
    finding.text = "runs " + facts.version;
    if (!finding.well && facts.staged.empty()) finding.text += ", which no run has put there";
    if (!finding.well && !facts.staged.empty()) finding.text += "; its target is staged";
  }
  return finding;
}

Result<ExitCode> Verify(const Session& session, const FleetOptions& options) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  MATIC_ASSIGN(const auto machines,
               fleet::SelectMachines(controller->inventory, options.selection));
  MATIC_ASSIGN(const auto pins, PinsNow(*controller, *journal, options.selection, PinnedBy::kAny));
  MATIC_ASSIGN(const fleet::FleetFacts facts,
               fleet::GatherFacts(controller->inventory, machines, controller->nodes,
                                  controller->processes, controller->clock, pins));
  std::vector<Finding> findings(machines.size());
  fleet::ForEachIndex(machines.size(), fleet::kAskedAtOnce, [&](size_t i) {
    const auto pin = pins.find(machines[i]->name);
    findings[i] = Find(*controller, *machines[i], facts.at(machines[i]->name),
                       pin == pins.end() ? nullptr : &pin->second);
  });
  Table table({"MACHINE", "FOUND"});
  json found = json::array();
  for (const Finding& one : findings) {
    table.AddRow(
        {one.machine, session.terminal().Paint(one.text, one.well ? Style::kGood : Style::kBad)});
    found.push_back({{"name", one.machine}, {"verified", one.well}, {"found", one.text}});
  }
  session.PrintOutcome({{"machines", std::move(found)}}, table.Render(session.terminal()));
  return std::ranges::all_of(findings, &Finding::well) ? ExitCode::kDone : ExitCode::kUpdateFailed;
}

void AddVerify(CLI::App& update, Session& session, SharedFleetOptions options) {
  CLI::App* command = update.add_subcommand(
      "verify",
      "Read back whether all machines run what was last prepared or run, and are healthy");
  AddSelection(*command, options->selection);
  command->footer("Example:\n  osctl fleet update verify --output json");
  command->callback([&session, options] {
    session.RunToOutcome([&](const std::stop_token&) { return Verify(session, *options); });
  });
}

}  // namespace

void AddFleetUpdateCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* update = fleet.add_subcommand("update", "Update in steps that are begun by hand");
  update->require_subcommand(1);
  AddPrepare(*update, session, options);
  AddExecute(*update, session, options);
  AddVerify(*update, session, options);
  AddFleetRollbackCommand(*update, session, options);
  update->footer(R"(Examples:
  osctl fleet update prepare
  osctl fleet update execute --parallel 2
  osctl fleet update verify)");
}

}  // namespace matic::osctl
