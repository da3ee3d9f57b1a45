// osctl fleet pause, resume, approve and stop: what people say to a run that goes on elsewhere.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/journal/run_lock.h"
#include "osctl/fleet/run/parallel.h"
#include "osctl/fleet_commands.h"
#include "osctl/fleet_controller.h"
#include "osctl/fleet_known_runs.h"
#include "osctl/fleet_view.h"
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
  session.PrintOutcome({{"run", id}, {"said", said}, {"carried_out", carried}}, text);
  return {};
}

struct StopOptions {
  std::string run;
  bool revert = false;
  bool keep = false;
  std::string reason;
};

struct Told {
  std::string machine;
  std::string what;
  bool reached = false;
};

struct Listener {
  std::string machine;
  Result<fleet::Address> address;
};

// The agents themselves obey, whoever carries the run out, and whether anybody does.
std::vector<Told> StopMachines(FleetController& controller, const std::string& run,
                               const std::vector<Listener>& listeners, bool revert) {
  std::vector<Told> told(listeners.size());
  fleet::ForEachIndex(listeners.size(), fleet::kAskedAtOnce, [&](size_t i) {
    told[i].machine = listeners[i].machine;
    auto node = listeners[i].address
                    ? controller.nodes.Open(*listeners[i].address)
                    : Result<std::unique_ptr<fleet::Node>>(Fail(listeners[i].address.error()));
    const Result<v1::StopRunResponse> stopped =
        node ? (*node)->StopRun(run, revert) : Fail(node.error());
    const bool none = !stopped && stopped.error().code == ErrorCode::kNotFound;
    told[i].reached = stopped.has_value() || none;
    if (none) {
      told[i].what = "the run has not come to it";  // an older agent, or another run's machine
    } else if (!stopped) {
      told[i].what = stopped.error().message;
    } else if (stopped->rolling_back()) {
      told[i].what = "stopped; goes back to its old system";
    } else if (revert && stopped->schedule().state() == v1::SCHEDULE_STATE_COMPLETED) {
      told[i].what = "stopped; does not run what the run brought any more";
    } else {
      told[i].what = "stopped";
    }
  });
  return told;
}

// Of the journal's run those that it is about; of another controller's run every machine there is.
std::vector<Listener> ListenersOf(const fleet::RunRecord& run) {
  std::vector<Listener> listeners;
  for (const fleet::PlannedMachine& machine : run.plan.machines) {
    listeners.push_back({machine.name, fleet::ParseAddress(run.addresses.at(machine.name))});
  }
  return listeners;
}

std::vector<Listener> ListenersOf(const fleet::Inventory& inventory) {
  std::vector<Listener> listeners;
  for (const fleet::Machine& machine : inventory.machines) {
    listeners.push_back({machine.name, machine.address});
  }
  return listeners;
}

Result<> Show(const Session& session, const std::string& run, const std::vector<Told>& told,
              const std::string& hint) {
  nlohmann::json machines = nlohmann::json::array();
  Table table({"MACHINE", "STOP"});
  size_t missed = 0;
  for (const Told& one : told) {
    if (!one.reached) ++missed;
    machines.push_back({{"name", one.machine}, {"reached", one.reached}, {"text", one.what}});
    table.AddRow({one.machine, one.what});
  }
  session.PrintOutcome({{"run", run}, {"machines", std::move(machines)}},
                       run + " is stopped\n" + table.Render(session.terminal()) + hint);
  if (missed == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              std::to_string(missed) + " of " + std::to_string(told.size()) +
                  " machines were not reached: run osctl fleet stop again");
}

// A run that is misspelt must not look stopped. Who does not answer may know it all the same.
Result<> CheckKnown(FleetController& controller, const std::string& run) {
  const KnownRuns known = AskForRuns(controller);
  if (known.seen.contains(run) || !known.all_answered) return {};
  return Fail(ErrorCode::kNotFound, "no machine of fleet " + controller.inventory.name +
                                        " knows a run '" + run + "', and none was told to stop; " +
                                        known.Text());
}

Result<> NothingToStop(FleetController& controller, const Result<std::string>& own) {
  const KnownRuns known = AskForRuns(controller);
  std::string text = own.error().message + "; " + known.Text();
  if (!known.holding.empty()) {
    text += "; osctl fleet stop --run " + known.holding.begin()->first + " stops it from here, too";
  }
  return Fail(ErrorCode::kNotFound, text);
}

Result<> Stop(const Session& session, const FleetOptions& options, const StopOptions& stop) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  const Result<std::string> own = controller->UnfinishedRun(*journal);
  if (!stop.run.empty() && (!own || *own != stop.run)) {
    MATIC_TRY(CheckKnown(*controller, stop.run));
    return Show(
        session, stop.run,
        StopMachines(*controller, stop.run, ListenersOf(controller->inventory), stop.revert), "");
  }
  if (!own && own.error().code == ErrorCode::kNotFound) return NothingToStop(*controller, own);
  MATIC_ASSIGN(const std::string id, own);
  MATIC_ASSIGN(const fleet::RunRecord run, journal->Find(id));
  const std::string why =
      "by " + FleetController::Holder() + (stop.reason.empty() ? "" : ": " + stop.reason);
  MATIC_TRY(journal->Append(id, {controller->clock.Now(), fleet::Stopped{stop.revert, why}}));
  const std::vector<Told> told = StopMachines(*controller, id, ListenersOf(run), stop.revert);
  MATIC_ASSIGN(const std::filesystem::path file, controller->JournalFile());
  return Show(
      session, id, told,
      fleet::RunLock::IsTaken(file)
          ? ""
          : "No process carries the run out: osctl fleet run --resume brings it to its end.\n");
}

}  // namespace

void AddFleetPauseCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("pause", "Let machines at work come to their end, and begin no others");
  command->footer("Example:\n  osctl fleet pause");
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
  command->footer(
      "A run whose process ended is gone on with by `osctl fleet run --resume`.\n\n"
      "Example:\n"
      "  osctl fleet resume");
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
  command
      ->add_option("--run", stop->run,
                   "A run of another controller, as `osctl fleet status` shows it")
      ->type_name("RUN");
  auto* keep = command->add_flag("--keep", stop->keep, "What is updated stays (the default)");
  command->add_flag("--revert", stop->revert, "What this run has updated goes back")
      ->excludes(keep);
  command->add_option("--reason", stop->reason, "Why, for the history")->type_name("TEXT");
  command->footer(
      "Examples:\n"
      "  osctl fleet stop --revert --reason 'checkout is down'\n"
      "  osctl fleet stop --run run-20261121-184946-437c");
  command->callback([&session, options, stop] {
    const Result<> stopped = Stop(session, *options, *stop);
    if (!stopped) session.Fail(stopped.error(), RemoteExitCode(stopped.error().code));
  });
}

}  // namespace matic::osctl
