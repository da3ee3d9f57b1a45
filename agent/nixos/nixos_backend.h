// The Nix host's part of an update: systems in the store, generations of the system profile, and a
// boot loader that starts one of them.
//
// A target is a system, named by the base name of its path in the store. What is on trial is
// written down (host_state.h) before anything is changed, and struck out last, so that what a power
// loss leaves behind can be told from what a person has done.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/engine/backend.h"
#include "agent/engine/step_log.h"
#include "agent/nixos/activation.h"
#include "agent/nixos/boot_loader.h"
#include "agent/nixos/host_state.h"
#include "agent/nixos/host_view.h"
#include "agent/nixos/options.h"
#include "agent/nixos/profile.h"
#include "agent/nixos/programs.h"
#include "agent/nixos/steps.h"
#include "lib/os/clock.h"
#include "lib/os/process_runner.h"

namespace matic::nixos {

class NixosBackend final : public engine::Backend {
 public:
  NixosBackend(NixosOptions options, ProcessRunner& processes, engine::StepLog& log, Clock& clock);

  // Thread-safe; for verbs that begin from now on.
  void Configure(const config::Nixos& settings);

  Result<update::Facts> GetFacts() override;
  Result<std::vector<std::string>> Repair() override;
  Result<> CheckSource(const engine::StageSpec& spec) override;
  // Nix tells only while it builds.
  Result<engine::FetchPlan> PlanFetch(const engine::StageSpec& spec, std::stop_token stop) override;
  Result<update::StagedImage> Stage(const engine::StageSpec& spec,
                                    const engine::ProgressSink& progress,
                                    std::stop_token stop) override;
  Result<> Verify(const update::StagedImage& staged, const engine::ProgressSink& progress,
                  std::stop_token stop) override;
  Result<> Activate(const update::StagedImage& staged, std::stop_token stop) override;
  Result<> Discard(const std::string& target) override;
  Result<> Confirm() override;
  Result<std::string> Revert(const std::string& previous, std::stop_token stop) override;
  Result<> GiveTryBack() override;

  // The system that was confirmed, and since when; nothing where another runs, or is on trial.
  struct Running {
    std::filesystem::path system;
    WallTime since{};
    bool golden = false;
  };
  Result<std::optional<Running>> ConfirmedRunning();
  // Keeps what runs as the last way back, with a boot entry of its own. Refused while an update is
  // staged, activated or on trial. One whose boot entry fails is golden, and gets it with the next
  // update.
  Result<> MakeGolden(const std::filesystem::path& system);

 private:
  Result<HostView> Look(std::stop_token stop);
  NixosOptions Options() const;
  WallTime Now() const;
  Result<HostState> LoadState();
  Result<HostState> Keep(const std::function<void(HostState&)>& change);
  Result<TrialNote> NoteTrial(const HostView& view, const update::StagedImage& staged);
  Result<> ActivateLive(const HostView& view, const TrialNote& note, std::stop_token stop);
  Result<> ActivateAtBoot(const HostView& view, const TrialNote& note, std::stop_token stop);
  Result<> SetProfile(const HostView& view, const std::filesystem::path& system,
                      std::stop_token stop);
  Result<> MakeDefault(const HostView& view, const std::filesystem::path& system,
                       std::stop_token stop);
  Result<SwitchOutcome> WriteBootEntries(const std::filesystem::path& system, std::stop_token stop);
  Result<> BootSwitch(const std::filesystem::path& system, std::stop_token stop);
  Result<> SwitchTo(const std::filesystem::path& system, const std::string& id,
                    std::stop_token stop);
  Result<bool> GoBackLive(const HostView& view, const std::filesystem::path& system,
                          std::stop_token stop);
  void DropGenerations(const HostView& view, const TrialNote& note);
  bool Prune(const HostState& state);
  void KeepConfirmed(const std::filesystem::path& system);
  Result<std::vector<std::string>> RepairTree();

  NixosOptions options_;
  const HostPaths paths_;
  ProcessRunner& processes_;
  const Programs programs_;
  Clock& clock_;
  Steps steps_;
  const Profile profile_;
  const Activator activator_;
  const std::unique_ptr<BootLoader> boot_loader_;
  std::mutex changing_;       // held by who changes the host
  mutable std::mutex mutex_;  // of the settings and of what is kept
  HostStateStore store_;
};

}  // namespace matic::nixos
