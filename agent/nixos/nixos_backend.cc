#include "agent/nixos/nixos_backend.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "agent/nixos/borrowed_lock.h"
#include "agent/nixos/generations.h"
#include "agent/nixos/give_back.h"
#include "agent/nixos/stager.h"
#include "agent/nixos/store_path.h"
#include "agent/nixos/switch_lock.h"
#include "lib/os/clock.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using engine::Phase;

// Of the activation on a way back; that of an update has the time of its note.
constexpr const char* kWayBack = "back";

std::string ActivationId(const TrialNote& note) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(note.time.time_since_epoch()).count());
}

// What changed nothing of the running system.
Error AsRefusal(Error error) {
  const bool unchanged = error.code == ErrorCode::kNotFound ||
                         error.code == ErrorCode::kInvalidArgument ||
                         error.code == ErrorCode::kPermission;
  if (unchanged) error.code = ErrorCode::kRefused;
  return error;
}

std::vector<std::string> ActivationEnvironment(const NixosOptions& options) {
  std::vector<std::string> environment = SwitchEnvironment();
  for (const std::string& variable : options.environment) {
    if (variable.starts_with("PATH=")) environment.push_back(variable);
  }
  return environment;
}

// By profile and boot loader alike.
bool StartsForGood(const HostView& view, const fs::path& system) {
  return view.next_default == system && view.InProfile() == system;
}

// What a step that ended well has to show.
struct Shown {
  std::string output;
};
std::string OutputOf(const Shown& shown) { return shown.output; }

Shown ShownOf(const SwitchOutcome& outcome) {
  std::string text;
  for (const std::string& warning : outcome.warnings) text += warning + "\n";
  return {text + outcome.output};
}

}  // namespace

NixosBackend::NixosBackend(NixosOptions options, ProcessRunner& processes, engine::StepLog& log,
                           Clock& clock)
    : options_(std::move(options)),
      paths_(options_.paths()),
      processes_(processes),
      programs_(processes, options_.environment),
      clock_(clock),
      steps_(log, clock),
      profile_(programs_, paths_.profile),
      activator_(programs_, clock, paths_, options_.state_dir / "nixos",
                 ActivationEnvironment(options_)),
      boot_loader_(MakeBootLoader(programs_, paths_, options_.settings.boot_loader)),
      store_(options_.state_dir / "nixos.json") {}

WallTime NixosBackend::Now() const {
  return std::chrono::floor<std::chrono::seconds>(clock_.Now());
}

void NixosBackend::Configure(const config::Nixos& settings) {
  const std::scoped_lock lock(mutex_);
  options_.settings = settings;
}

NixosOptions NixosBackend::Options() const {
  const std::scoped_lock lock(mutex_);
  return options_;
}

Result<HostState> NixosBackend::LoadState() {
  MATIC_ASSIGN(HostStateStore::Loaded loaded, store_.Load());
  if (!loaded.problem.empty()) spdlog::warn("{}", loaded.problem);
  return std::move(loaded.state);
}

Result<HostState> NixosBackend::Keep(const std::function<void(HostState&)>& change) {
  const std::scoped_lock lock(mutex_);
  MATIC_ASSIGN(HostState state, LoadState());
  change(state);
  MATIC_TRY(store_.Save(state));
  return state;
}

Result<HostView> NixosBackend::Look(std::stop_token stop) {
  HostState state;
  {
    const std::scoped_lock lock(mutex_);
    MATIC_ASSIGN(state, LoadState());
  }
  return LookAtHost(programs_, paths_, profile_, *boot_loader_, std::move(state), std::move(stop));
}

Result<update::Facts> NixosBackend::GetFacts() {
  MATIC_ASSIGN(const HostView view, Look({}));
  return FactsOf(view);
}

// A start that tried a system has ended in another one, by a power cut or a crash: the profile
// names the one that failed. The note stays until the engine has read what happened.
Result<std::vector<std::string>> NixosBackend::Repair() {
  const std::scoped_lock changing(changing_);
  MATIC_ASSIGN(std::vector<std::string> mended, RepairTree());
  MATIC_ASSIGN(const HostView view, Look({}));
  const std::optional<TrialNote>& trial = view.state.trial;
  const bool over = trial && trial->boot_id != view.boot_id && trial->system != view.current;
  if (!over) return mended;
  const std::optional<fs::path> in_profile = view.InProfile();
  if (in_profile != trial->system && view.next_default != trial->system) return mended;
  MATIC_TRY(MakeDefault(view, view.current, {}));
  mended.push_back("profile and boot loader named " + trial->system.filename().string() +
                   ", which did not come up: they name " + view.current.filename().string() +
                   " again");
  return mended;
}

Result<std::vector<std::string>> NixosBackend::RepairTree() {
  const NixosOptions options = Options();
  MATIC_ASSIGN(const std::optional<fs::path> folder, BorrowedLock(options, processes_).PutBack());
  if (!folder) return std::vector<std::string>();
  return std::vector<std::string>{"the inputs of " + folder->string() +
                                  " were moved for an update that was cut off: its lock file is "
                                  "what was committed again"};
}

Result<> NixosBackend::CheckSource(const engine::StageSpec& spec) {
  const NixosOptions options = Options();
  if (spec.source.empty() || spec.source == kChannelSource) return {};
  if (IsStorePath(spec.source, paths_.store)) {
    MATIC_TRY(ParseStorePath(spec.source, paths_.store));
    return {};
  }
  MATIC_TRY(ParseFlakeTarget(spec.source, options.host_name));
  return {};
}

Result<engine::FetchPlan> NixosBackend::PlanFetch(const engine::StageSpec&, std::stop_token) {
  return engine::FetchPlan{};
}

Result<update::StagedImage> NixosBackend::Stage(const engine::StageSpec& spec,
                                                const engine::ProgressSink&, std::stop_token stop) {
  const std::scoped_lock changing(changing_);
  const NixosOptions options = Options();
  MATIC_ASSIGN(const System system,
               Stager(options, processes_, programs_, steps_).Stage(spec, std::move(stop)));
  MATIC_ASSIGN(const System booted, ReadSystem(paths_.booted_system));
  MATIC_ASSIGN(const System current, ReadSystem(paths_.current_system));
  update::StagedImage staged;
  staged.target = system.path.filename();
  staged.digest = system.path;
  staged.version = system.version;
  staged.reboot_reasons = RebootReasons(booted, current, system);
  staged.live = spec.mode == update::Mode::kSwitch ||
                (spec.mode == update::Mode::kAuto && staged.reboot_reasons.empty());
  return staged;
}

Result<> NixosBackend::Verify(const update::StagedImage& staged, const engine::ProgressSink&,
                              std::stop_token stop) {
  const Result<System> system = AdoptSystem(
      programs_, staged.digest, options_.state_dir / "nixos" / "result", std::move(stop));
  if (system) return {};
  if (system.error().code != ErrorCode::kNotFound) return Fail(system.error());
  return Fail(ErrorCode::kCorrupt, system.error().message);
}

// One that is there already, of the same start, is what an agent wrote that was restarted since.
Result<TrialNote> NixosBackend::NoteTrial(const HostView& view, const update::StagedImage& staged) {
  const auto mode = staged.live ? ActivationMode::kLive : ActivationMode::kBoot;
  const std::optional<TrialNote>& known = view.state.trial;
  if (known && known->system == staged.digest && known->boot_id == view.boot_id &&
      known->mode == mode) {
    return *known;
  }
  MATIC_TRY(CheckSwitchLock(paths_.switch_lock));
  TrialNote note{.system = staged.digest,
                 .previous = view.current,
                 .mode = mode,
                 .start_once = staged.live ? StartOnce::kNot : boot_loader_->Way(),
                 .time = Now(),
                 .boot_id = view.boot_id};
  MATIC_TRY(Keep([&](HostState& state) { state.trial = note; }));
  return note;
}

Result<> NixosBackend::Activate(const update::StagedImage& staged, std::stop_token stop) {
  const std::scoped_lock changing(changing_);
  const Result<HostView> view = Look(stop);
  if (!view) return Fail(AsRefusal(view.error()));
  const Result<> there = CheckInStore(staged.digest);
  if (!there) return Fail(AsRefusal(there.error()));
  if (!staged.live && boot_loader_->Way() == StartOnce::kNot &&
      !Options().settings.start_without_trial) {
    const Result<> cannot = boot_loader_->StartNext(staged.digest, stop);
    return Fail(ErrorCode::kRefused,
                (cannot ? boot_loader_->Name() + " has changed" : cannot.error().message) +
                    ". One that does not come up would be started again and again; "
                    "`nixos.start_without_trial: true` takes that risk");
  }
  const Result<TrialNote> note = NoteTrial(*view, staged);
  if (!note) return Fail(AsRefusal(note.error()));
  if (staged.live) return ActivateLive(*view, *note, std::move(stop));
  MATIC_TRY(ActivateAtBoot(*view, *note, std::move(stop)));
  MATIC_TRY(Keep([](HostState& state) {
    if (state.trial) state.trial->told = true;
  }));
  return {};
}

Result<> NixosBackend::ActivateLive(const HostView& view, const TrialNote& note,
                                    std::stop_token stop) {
  const Result<> switched = SwitchTo(note.system, ActivationId(note), std::move(stop));
  if (switched || switched.error().code == ErrorCode::kCancelled) return switched;
  std::error_code ignored;
  const bool untouched =
      fs::canonical(paths_.current_system, ignored) == view.current && view.current != note.system;
  return Fail(untouched ? AsRefusal(switched.error()) : switched.error());
}

Result<> NixosBackend::SwitchTo(const fs::path& system, const std::string& id,
                                std::stop_token stop) {
  MATIC_TRY(steps_.Run(
      Phase::kActivating, system.filename().string() + ": switch-to-configuration test",
      [&]() -> Result<Shown> {
        MATIC_ASSIGN(
            const SwitchOutcome outcome,
            activator_.Activate(
                {.system = system, .id = id, .deadline = Options().settings.activation_timeout}, {},
                stop));
        if (outcome.effect == SwitchEffect::kAtNextBoot) {
          return Fail(
              ErrorCode::kRefused,
              "its init does not fit the one that runs, so it takes a reboot (--mode boot)");
        }
        return ShownOf(outcome);
      },
      OutputOf));
  std::error_code error;
  if (fs::canonical(paths_.current_system, error) == system) return {};
  return Fail(ErrorCode::kIo, "switch-to-configuration ended well, but " +
                                  paths_.current_system.string() + " is not " + system.string());
}

Result<SwitchOutcome> NixosBackend::WriteBootEntries(const fs::path& system, std::stop_token stop) {
  return RunSwitch(programs_, paths_,
                   {.system = system,
                    .action = SwitchAction::kBoot,
                    .deadline = Options().settings.activation_timeout},
                   std::move(stop));
}

Result<> NixosBackend::BootSwitch(const fs::path& system, std::stop_token stop) {
  MATIC_TRY(steps_.Run(
      Phase::kActivating, system.filename().string() + ": switch-to-configuration boot",
      [&]() -> Result<Shown> {
        MATIC_ASSIGN(const SwitchOutcome outcome, WriteBootEntries(system, stop));
        return ShownOf(outcome);
      },
      OutputOf));
  return {};
}

Result<> NixosBackend::SetProfile(const HostView& view, const fs::path& system,
                                  std::stop_token stop) {
  if (view.InProfile() == system) return {};
  const auto known = std::ranges::find_if(view.generations, [&](const Generation& generation) {
    return generation.system == system && generation.present;
  });
  if (known != view.generations.end()) {
    MATIC_TRY(profile_.SwitchTo(known->number, std::move(stop)));
    return {};
  }
  MATIC_TRY(profile_.Set(system, std::move(stop)));
  return {};
}

// The new system gets its boot entry, the old one is the default again, and the new one is started
// once: a kernel that panics comes back to the old one by itself.
Result<> NixosBackend::ActivateAtBoot(const HostView& view, const TrialNote& note,
                                      std::stop_token stop) {
  MATIC_TRY(SetProfile(view, note.system, stop));
  MATIC_TRY(BootSwitch(note.system, stop));
  if (note.start_once == StartOnce::kNot) return {};
  // As the default, which is left when none of its starts got anywhere.
  if (note.start_once == StartOnce::kBootCounts) {
    return boot_loader_->StartNext(note.system, std::move(stop));
  }
  MATIC_TRY(BootSwitch(note.previous, stop));
  // Some start the newest generation, whatever they were told.
  MATIC_ASSIGN(const std::optional<fs::path> next, boot_loader_->Default(stop));
  if (next && *next != note.previous) {
    return Fail(ErrorCode::kRefused, boot_loader_->Name() + " starts " + next->filename().string() +
                                         " by default and not " +
                                         note.previous.filename().string() +
                                         ", so a system that does not come up could not be left");
  }
  return boot_loader_->StartNext(note.system, std::move(stop));
}

Result<> NixosBackend::MakeDefault(const HostView& view, const fs::path& system,
                                   std::stop_token stop) {
  MATIC_TRY(SetProfile(view, system, stop));
  if (!StartsForGood(view, system)) MATIC_TRY(BootSwitch(system, stop));
  if (view.next_once) MATIC_TRY(boot_loader_->ClearNext(std::move(stop)));
  return {};
}

Result<> NixosBackend::Confirm() {
  const std::scoped_lock changing(changing_);
  MATIC_ASSIGN(const HostView view, Look({}));
  MATIC_TRY(SetProfile(view, view.current, {}));
  // The boot entries are of the generations that there are when they are written.
  const bool pruned = Prune(view.state);
  if (pruned && StartsForGood(view, view.current)) MATIC_TRY(BootSwitch(view.current, {}));
  MATIC_TRY(MakeDefault(view, view.current, {}));
  KeepConfirmed(view.current);
  MATIC_TRY(Keep([&](HostState& kept) {
    kept.trial.reset();
    kept.confirmed = ConfirmedSystem{view.current, Now(), view.boot_id};
  }));
  if (const Result<> forgotten = activator_.Forget({}); !forgotten) {
    spdlog::warn("{}", forgotten.error().message);
  }
  GiveBack(Options(), processes_, steps_, clock_);
  return {};
}

// Whether there was something to prune.
bool NixosBackend::Prune(const HostState& state) {
  const Result<std::vector<uint64_t>> gone =
      PruneGenerations(programs_, paths_, state, Options().settings.keep_generations, {});
  if (!gone) spdlog::warn("{}", gone.error().message);
  return gone && !gone->empty();
}

// A generation can be deleted by hand, and what is confirmed is a way back all the same.
void NixosBackend::KeepConfirmed(const fs::path& system) {
  const Result<> kept =
      KeepInStore(programs_, system, options_.state_dir / "nixos" / "confirmed", {});
  if (!kept) spdlog::warn("{}", kept.error().message);
}

// A system that failed is not offered by the boot menu, nor taken for a way back.
void NixosBackend::DropGenerations(const HostView& view, const TrialNote& note) {
  const Result<bool> dropped = DropTrial(programs_, paths_, view.generations, note, {});
  if (!dropped) spdlog::warn("{}", dropped.error().message);
  if (!dropped || !*dropped) return;
  // The boot menu has the generations that there were at the last switch.
  const Result<> written = BootSwitch(view.InProfile().value_or(view.current), {});
  if (!written) spdlog::warn("{}", written.error().message);
}

Result<> NixosBackend::Discard(const std::string& target) {
  const std::scoped_lock changing(changing_);
  MATIC_ASSIGN(const HostView view, Look({}));
  const std::optional<TrialNote> note = view.state.trial;
  if (!note || note->system.filename() != target) return {};
  if (note->system == view.current) {
    return Fail(ErrorCode::kRefused, target + " runs; going back is what ends its trial");
  }
  MATIC_TRY(MakeDefault(view, view.current, {}));
  MATIC_ASSIGN(const HostView after, Look({}));
  DropGenerations(after, *note);
  MATIC_TRY(Keep([](HostState& state) { state.trial.reset(); }));
  return activator_.Forget({});
}

// False: it takes a reboot.
Result<bool> NixosBackend::GoBackLive(const HostView& view, const fs::path& system,
                                      std::stop_token stop) {
  if (view.current == system && !view.state.trial) return true;
  MATIC_ASSIGN(const System booted, ReadSystem(paths_.booted_system));
  MATIC_ASSIGN(const System current, ReadSystem(paths_.current_system));
  MATIC_ASSIGN(const System wanted, ReadSystem(system));
  if (!RebootReasons(booted, current, wanted).empty()) return false;
  const Result<> switched = SwitchTo(system, kWayBack, std::move(stop));
  if (switched) return true;
  if (switched.error().code == ErrorCode::kCancelled) return Fail(switched.error());
  spdlog::warn("going back: {}", switched.error().message);
  std::error_code ignored;
  // Units that do not start are for the health checks to judge.
  return fs::canonical(paths_.current_system, ignored) == system;
}

Result<std::string> NixosBackend::Revert(const std::string& previous, std::stop_token stop) {
  const std::scoped_lock changing(changing_);
  MATIC_ASSIGN(const HostView view, Look(stop));
  const update::Facts facts = FactsOf(view);
  const update::Target* target = facts.Find(previous);
  if (target == nullptr || !target->bootable) target = facts.Golden();
  if (target == nullptr || !target->bootable) {
    return Fail(ErrorCode::kNotFound,
                previous + " is not in the store any more, and there is no golden system");
  }
  const fs::path system = target->device;
  MATIC_TRY(MakeDefault(view, system, stop));
  const bool was_live = !view.state.trial || view.state.trial->mode == ActivationMode::kLive;
  bool runs = false;
  if (was_live) {
    MATIC_ASSIGN(runs, GoBackLive(view, system, stop));
  }
  if (!runs) return std::string();
  MATIC_ASSIGN(const HostView after, Look(stop));
  if (after.state.trial) DropGenerations(after, *after.state.trial);
  MATIC_TRY(Keep([](HostState& state) { state.trial.reset(); }));
  MATIC_TRY(activator_.Forget(std::move(stop)));
  return system.filename().string();
}

Result<> NixosBackend::GiveTryBack() {
  MATIC_ASSIGN(const HostView view, Look({}));
  if (!view.state.trial || view.state.trial->start_once == StartOnce::kNot) return {};
  return boot_loader_->StartNext(view.state.trial->system, {});
}

Result<std::optional<NixosBackend::Running>> NixosBackend::ConfirmedRunning() {
  MATIC_ASSIGN(const HostView view, Look({}));
  const std::optional<ConfirmedSystem>& confirmed = view.state.confirmed;
  if (view.state.trial || !confirmed || confirmed->system != view.current) {
    return std::optional<Running>();
  }
  return Running{confirmed->system, confirmed->time, view.golden == confirmed->system};
}

Result<> NixosBackend::MakeGolden(const fs::path& system) {
  const std::unique_lock changing(changing_, std::try_to_lock);
  if (!changing) return Fail(ErrorCode::kRefused, "an update is under way");
  MATIC_ASSIGN(const HostView view, Look({}));
  if (view.state.trial || view.current != system) {
    return Fail(ErrorCode::kRefused, system.filename().string() + " is not what runs for good");
  }
  MATIC_TRY(PinGolden(programs_, paths_, system, {}));
  MATIC_TRY(Keep([&](HostState& state) { state.golden = GoldenSystem{system, Now()}; }));
  // Its boot entry is written where the others are.
  MATIC_TRY(WriteBootEntries(view.next_default.value_or(view.current), {}));
  return {};
}

}  // namespace matic::nixos
