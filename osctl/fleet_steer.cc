// osctl fleet pause, resume, approve and stop: what people say to a run that goes on elsewhere.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/journal/run_lock.h"
#include "osctl/fleet/run/parallel.h"
#include "osctl/fleet_commands.h"
#include "osctl/fleet_controller.h"
#include "osctl/fleet_view.h"
#include "osctl/pki_commands.h"
#include "osctl/render/table.h"

namespace matic::osctl {
namespace {

// Adds to the journal; the process that carries the run out sees it within a second.
Result<> Wish(const Session& session, const FleetOptions& options,
              const std::function<Result<fleet::Happening>(const fleet::RunRecord&)>& what,
              const std::string& said) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  MATIC_ASSIGN(const std::string id, controller->UnfinishedRun(*journal));
  MATIC_ASSIGN(const fleet::RunRecord run, journal->Find(id));
  MATIC_ASSIGN(fleet::Happening happening, what(run));
  MATIC_TRY(journal->Append(id, {controller->clock.Now(), std::move(happening)}));
  MATIC_ASSIGN(const std::filesystem::path file, controller->JournalFile());
  const bool carried = fleet::RunLock::IsTaken(file);
  const std::string text =
      id + ": " + said +
      (carried ? "" : "; no process carries it out now: osctl fleet run --resume") + "\n";
  PrintEither(session, {{"run", id}, {"said", said}, {"carried_out", carried}}, text);
  return {};
}

struct StopOptions {
  bool revert = false;
  bool keep = false;
  std::string reason;
};

struct Told {
  std::string machine;
  std::string what;
  bool reached = false;
};

// The agents themselves obey, whoever carries the run out, and whether anybody does.
std::vector<Told> StopMachines(FleetController& controller, const fleet::RunRecord& run,
                               bool revert) {
  const auto& machines = run.plan.machines;
  std::vector<Told> told(machines.size());
  fleet::ForEachIndex(machines.size(), fleet::kAskedAtOnce, [&](size_t i) {
    told[i].machine = machines[i].name;
    const auto address = fleet::ParseAddress(run.addresses.at(machines[i].name));
    auto node = address ? controller.nodes.Open(*address)
                        : Result<std::unique_ptr<fleet::Node>>(Fail(address.error()));
    const Result<v1::StopRunResponse> stopped =
        node ? (*node)->StopRun(run.id, revert) : Fail(node.error());
    const bool none = !stopped && stopped.error().code == ErrorCode::kNotFound;
    told[i].reached = stopped.has_value() || none;
    if (none) {
      told[i].what = "the run has not come to it";
    } else if (!stopped) {
      told[i].what = stopped.error().message;
    } else if (stopped->rolling_back()) {
      told[i].what = "stopped; goes back to its old system";
    } else {
      told[i].what = "stopped";
    }
  });
  return told;
}

Result<> Stop(const Session& session, const FleetOptions& options, const StopOptions& stop) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  MATIC_ASSIGN(const std::string id, controller->UnfinishedRun(*journal));
  MATIC_ASSIGN(const fleet::RunRecord run, journal->Find(id));
  const std::string why =
      "by " + FleetController::Holder() + (stop.reason.empty() ? "" : ": " + stop.reason);
  MATIC_TRY(journal->Append(id, {controller->clock.Now(), fleet::Stopped{stop.revert, why}}));
  const std::vector<Told> told = StopMachines(*controller, run, stop.revert);
  nlohmann::json machines = nlohmann::json::array();
  Table table({"MACHINE", "STOP"});
  size_t missed = 0;
  for (const Told& one : told) {
    if (!one.reached) ++missed;
    machines.push_back({{"name", one.machine}, {"reached", one.reached}, {"text", one.what}});
    table.AddRow({one.machine, one.what});
  }
  MATIC_ASSIGN(const std::filesystem::path file, controller->JournalFile());
  std::string text = id + " is stopped\n" + table.Render(session.terminal());
  if (!fleet::RunLock::IsTaken(file)) {
    text += "No process carries the run out: osctl fleet run --resume brings it to its end.\n";
  }
  PrintEither(session, {{"run", id}, {"machines", std::move(machines)}}, text);
  if (missed == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              std::to_string(missed) + " of " + std::to_string(told.size()) +
                  " machines were not reached: run osctl fleet stop again");
}

}  // namespace

void AddFleetPauseCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("pause", "Let machines at work come to their end, and begin no others");
  command->callback([&session, options] {
    session.RunLocal([&] {
      return Wish(
          session, *options, [](const auto&) { return fleet::Happening(fleet::Paused{}); },
          "paused");
    });
  });
}

void AddFleetResumeCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand("resume", "Go on after a pause");
  command->callback([&session, options] {
    session.RunLocal([&] {
      return Wish(
          session, *options, [](const auto&) { return fleet::Happening(fleet::Unpaused{}); },
          "goes on");
    });
  });
}

void AddFleetApproveCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("approve", "Let a group with manual-approval be updated in this run");
  auto group = std::make_shared<std::string>();
  command->add_option("group", *group, "The group")->type_name("GROUP")->required();
  command->footer("Example:\n  osctl fleet approve databases");
  command->callback([&session, options, group] {
    session.RunLocal([&] {
      const auto approve = [&](const fleet::RunRecord& run) -> Result<fleet::Happening> {
        for (const fleet::PlannedGroup& planned : run.plan.groups) {
          if (planned.name == *group) return fleet::Approved{*group};
        }
        return Fail(ErrorCode::kNotFound, run.id + " has no group '" + *group + "'");
      };
      return Wish(session, *options, approve, "group " + *group + " is approved");
    });
  });
}

void AddFleetStopCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand(
      "stop", "End the run: machines that have not activated their update do not any more");
  auto stop = std::make_shared<StopOptions>();
  auto* keep = command->add_flag("--keep", stop->keep, "What is updated stays (the default)");
  command->add_flag("--revert", stop->revert, "What this run has updated goes back")
      ->excludes(keep);
  command->add_option("--reason", stop->reason, "Why, for the history")->type_name("TEXT");
  command->footer("Example:\n  osctl fleet stop --revert --reason 'checkout is down'");
  command->callback([&session, options, stop] {
    session.RunLocal([&] { return Stop(session, *options, *stop); });
  });
}

}  // namespace matic::osctl
