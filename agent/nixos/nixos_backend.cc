#include "agent/nixos/nixos_backend.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "agent/nixos/borrowed_lock.h"
#include "agent/nixos/generations.h"
#include "agent/nixos/give_back.h"
#include "agent/nixos/stager.h"
#include "agent/nixos/store_path.h"
#include "lib/os/clock.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

// Of the activation on a way back; that of an update is another one.
constexpr const char* kWayBack = "back";

std::vector<std::string> ActivationEnvironment(const NixosOptions& options) {
  std::vector<std::string> environment = SwitchEnvironment();
  for (const std::string& variable : options.environment) {
    if (variable.starts_with("PATH=")) environment.push_back(variable);
  }
  return environment;
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

Result<> NixosBackend::Confirm() {
  const std::scoped_lock changing(changing_);
  MATIC_ASSIGN(const HostView view, Look({}));
  MATIC_TRY(SetProfile(view, view.current, {}));
  // The boot entries are of the generations that there are when they are written.
  const bool pruned = Prune(view.state);
  if (pruned && view.StartsForGood(view.current)) MATIC_TRY(BootSwitch(view.current, {}));
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
