// How the backend makes a system the one that runs, and the one that starts.
#include <algorithm>
#include <utility>

#include "agent/nixos/nixos_backend.h"
#include "agent/nixos/switch_lock.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using engine::Phase;

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
  if (!view.StartsForGood(system)) MATIC_TRY(BootSwitch(system, stop));
  if (view.next_once) MATIC_TRY(boot_loader_->ClearNext(std::move(stop)));
  return {};
}

}  // namespace matic::nixos
