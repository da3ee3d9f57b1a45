// osctl fleet plan, and osctl fleet run
#include "osctl/fleet_run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

#include "lib/calendar/moment.h"
#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/journal/run_lock.h"
#include "osctl/fleet_background.h"
#include "osctl/fleet_outlets.h"
#include "osctl/fleet_view.h"

namespace matic::osctl {
namespace {

using nlohmann::json;

struct RunOptions {
  bool resume = false;
  bool dry_run = false;
  bool background = false;
  std::string wait{};  // empty: for nobody
  fleet::MetricsOptions metrics{};

  Result<std::chrono::seconds> Patience() const {
    if (wait.empty()) return std::chrono::seconds(0);
    const auto time = calendar::ParseDuration(wait);
    return time ? time : Fail(ErrorCode::kInvalidArgument, "--wait: " + time.error().message);
  }
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

// What a run is carried out with.
struct Workplace {
  Session& session;
  FleetController& controller;
  fleet::Journal& journal;
  std::filesystem::path file;  // the journal's
  const RunOptions& options;
};

Result<ExitCode> CarryOut(const Workplace& here, const fleet::RunRecord& run, RunOutlets& outlets,
                          const std::stop_token& stop) {
  fleet::RunEngine engine(here.journal, here.controller.nodes, here.controller.processes,
                          here.controller.clock, outlets);
  const Result<fleet::RunState> state = engine.Carry(run, stop);
  if (!state) {
    outlets.Interrupted();
    if (state.error().code != ErrorCode::kCancelled) return Fail(state.error());
    return Fail(ErrorCode::kCancelled,
                run.id +
                    " was left before its end; what is under way on machines goes on there; "
                    "osctl fleet run --resume goes on with it, osctl fleet stop ends it");
  }
  outlets.RunEnded(run, *state);
  const Session& session = here.session;
  if (session.json()) {
    json object = RunJson(run, *state, {});
    object["event"] = "end";
    session.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  } else {
    session.out() << run.id << ": " << Summary(run.plan, *state) << '\n' << EndText(run, *state);
  }
  return OutcomeCode(*state);
}

// The run that was left before its end; nothing where there is none.
Result<std::optional<ExitCode>> GoOn(const Workplace& here, const std::stop_token& stop) {
  MATIC_ASSIGN(const std::optional<std::string> left, here.journal.Unfinished());
  if (!left) return std::nullopt;
  MATIC_ASSIGN(const fleet::RunRecord run, here.journal.Find(*left));
  RunOutlets outlets(here.session, here.controller, here.journal, here.file, here.options.metrics);
  MATIC_ASSIGN(const ExitCode code, CarryOut(here, run, outlets, stop));
  return code;
}

// With --output json the one line of a run that is none.
void TellNothing(const Session& session, json object, const std::string& text) {
  if (!session.json()) {
    session.out() << text;
    return;
  }
  object["event"] = "nothing-to-do";
  object["run"] = nullptr;
  session.out() << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}

// Nothing where there is nothing to do, which is told.
Result<std::optional<fleet::RunRecord>> BeginAnew(const Workplace& here, const PlanMaker& make) {
  MATIC_ASSIGN(const std::optional<std::string> left, here.journal.Unfinished());
  if (left) {
    return Fail(ErrorCode::kRefused, *left +
                                         " was left before its end; osctl fleet run --resume goes "
                                         "on with it, osctl fleet stop ends it");
  }
  MATIC_ASSIGN(fleet::Plan plan, make(here.controller, here.journal));
  if (NothingToDo(plan)) {
    TellNothing(here.session, PlanJson(plan), PlanText(plan, here.session.terminal()));
    RunOutlets outlets(here.session, here.controller, here.journal, here.file,
                       here.options.metrics);
    outlets.NothingToDo(plan);
    return std::nullopt;
  }
  MATIC_ASSIGN(fleet::RunRecord run, NewRun(here.controller, std::move(plan)));
  MATIC_TRY(here.journal.Begin(run));
  return run;
}

// While another process of this controller carries out a run of the fleet, for so long.
Result<fleet::RunLock> TakeLock(const std::filesystem::path& file, std::chrono::seconds patience,
                                const std::stop_token& stop) {
  constexpr auto kBetweenLooks = std::chrono::milliseconds(500);
  const auto limit = std::chrono::steady_clock::now() + patience;
  std::mutex mutex;
  std::condition_variable_any never;
  while (true) {
    Result<fleet::RunLock> lock = fleet::RunLock::Take(file);
    const bool taken = !lock && lock.error().code == ErrorCode::kRefused;
    if (!taken || std::chrono::steady_clock::now() >= limit || stop.stop_requested()) return lock;
    std::unique_lock waiting(mutex);
    never.wait_for(waiting, stop, kBetweenLooks, [] { return false; });
  }
}

Result<ExitCode> HandOver(const Session& session, const FleetOptions& options,
                          const fleet::RunRecord& run, const std::filesystem::path& journal) {
  MATIC_ASSIGN(const std::filesystem::path fleet_file, FleetFile(options.file));
  const std::filesystem::path log = std::filesystem::path(journal).replace_extension(".log");
  MATIC_TRY(CarryInBackground(session, fleet_file, journal, log));
  session.PrintOutcome({{"run", run.id}, {"log", log.string()}},
                       run.id + " goes on in the background: osctl fleet status shows it, " +
                           log.string() + " has what it says\n");
  return ExitCode::kDone;
}

Result<ExitCode> Resume(const Workplace& here, const std::stop_token& stop) {
  MATIC_ASSIGN(const std::optional<ExitCode> left, GoOn(here, stop));
  if (left) return *left;
  TellNothing(here.session, json::object(), "nothing to go on with\n");
  RunOutlets(here.session, here.controller, here.journal, here.file, here.options.metrics)
      .NothingToGoOnWith();
  return ExitCode::kDone;
}

Result<ExitCode> Run(Session& session, const FleetOptions& fleet_options, const RunOptions& options,
                     const PlanMaker& make, const std::stop_token& stop) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, fleet_options));
  MATIC_ASSIGN(const std::filesystem::path file, controller->JournalFile());
  MATIC_ASSIGN(const std::chrono::seconds patience, options.Patience());
  std::optional<fleet::RunRecord> run;
  {
    MATIC_ASSIGN(const fleet::RunLock lock, TakeLock(file, patience, stop));
    MATIC_ASSIGN(const auto journal, controller->OpenJournal());
    const Workplace here{session, *controller, *journal, file, options};
    if (options.resume) return Resume(here, stop);
    if (!options.wait.empty()) MATIC_TRY(GoOn(here, stop));
    MATIC_ASSIGN(run, BeginAnew(here, make));
    if (!run) return ExitCode::kDone;
    if (!options.background) {
      RunOutlets outlets(session, *controller, *journal, file, options.metrics);
      return CarryOut(here, *run, outlets, stop);
    }
  }
  return HandOver(session, fleet_options, *run, file);
}

PlanMaker Updating(SharedFleetOptions options) {
  return [options](FleetController& controller, fleet::Journal&) {
    return PlanNow(controller, options->selection, {});
  };
}

}  // namespace

Result<fleet::Plan> PlanNow(FleetController& controller, const fleet::Selection& selection,
                            const fleet::Task& task,
                            const std::map<std::string, fleet::Pin>& pins) {
  MATIC_ASSIGN(const auto machines, fleet::SelectMachines(controller.inventory, selection));
  const bool updates = task.work == fleet::Work::kUpdate || task.work == fleet::Work::kPrepare;
  fleet::FleetFacts facts;
  if (updates) {
    MATIC_ASSIGN(facts, fleet::GatherFacts(controller.inventory, machines, controller.nodes,
                                           controller.processes, controller.clock, pins));
  } else {
    facts = fleet::ReadFacts(machines, controller.nodes, controller.clock);
  }
  return fleet::MakePlan(controller.inventory, selection, facts, task);
}

Result<> ShowPlan(const Session& session, const FleetOptions& options, const PlanMaker& make) {
  MATIC_ASSIGN(const auto controller, FleetController::Open(session, options));
  MATIC_ASSIGN(const auto journal, controller->OpenJournal());
  MATIC_ASSIGN(const fleet::Plan plan, make(*controller, *journal));
  session.PrintOutcome(PlanJson(plan), PlanText(plan, session.terminal()));
  return {};
}

void BeginsRun(CLI::App& command, Session& session, SharedFleetOptions options, PlanMaker plan,
               std::shared_ptr<bool> wait) {
  AddSelection(command, options->selection);
  auto dry_run = std::make_shared<bool>(false);
  command.add_flag("--dry-run", *dry_run, "Show what would be done, and change nothing");
  command.callback([&session, options, plan = std::move(plan), wait, dry_run] {
    if (*dry_run) return session.RunLocal([&] { return ShowPlan(session, *options, plan); });
    const RunOptions run{.background = wait && !*wait};
    session.RunToOutcome(
        [&](const std::stop_token& stop) { return Run(session, *options, run, plan, stop); });
  });
}

void AddFleetPlanCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand(
      "plan", "Ask all machines, and show what a run would do now; nothing is changed");
  AddSelection(*command, options->selection);
  command->footer("Example:\n  osctl fleet plan --group web");
  command->callback([&session, options] {
    session.RunLocal([&] { return ShowPlan(session, *options, Updating(options)); });
  });
}

void AddFleetRunCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("run", "Update the fleet in waves, and stop where too much fails");
  AddSelection(*command, options->selection);
  auto run = std::make_shared<RunOptions>();
  command->add_flag("--resume", run->resume, "Go on with the run that was left before its end");
  command
      ->add_option("--wait", run->wait,
                   "For timers: wait so long for the end of another run of this fleet, and finish "
                   "one that was left, before this one")
      ->type_name("TIME");
  command->add_flag("--dry-run", run->dry_run, "Show the plan only, as osctl fleet plan does");
  command
      ->add_option("--metrics-textfile", run->metrics.textfile,
                   "A file for Prometheus, instead of `metrics.textfile` in fleet.yaml")
      ->type_name("FILE");
  command
      ->add_option("--metrics-listen", run->metrics.listen,
                   "Where Prometheus may ask meanwhile, instead of `metrics.listen`")
      ->type_name("ADDRESS:PORT");
  command->footer(R"(Examples:
  osctl fleet run
  osctl fleet run --group web --dry-run
  osctl fleet run --resume
  osctl fleet run --wait 2h --group security)");
  command->callback([&session, options, run] {
    const PlanMaker plan = Updating(options);
    if (run->dry_run) return session.RunLocal([&] { return ShowPlan(session, *options, plan); });
    session.RunToOutcome(
        [&](const std::stop_token& stop) { return Run(session, *options, *run, plan, stop); });
  });
}

}  // namespace matic::osctl
