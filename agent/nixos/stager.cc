#include "agent/nixos/stager.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/nixos/borrowed_lock.h"
#include "agent/nixos/configuration.h"
#include "agent/nixos/flake_inputs.h"
#include "agent/nixos/nix_version.h"
#include "agent/nixos/store_path.h"
#include "agent/nixos/switch.h"
#include "agent/nixos/work_tree.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using engine::Phase;

std::string PathOf(const System& system) { return system.path.string(); }
std::string OutputOf(const SwitchOutcome& outcome) { return outcome.output; }

Builder BuilderOf(config::Builder builder) {
  switch (builder) {
    case config::Builder::kNh:
      return Builder::kNh;
    case config::Builder::kNixosRebuild:
      return Builder::kNixosRebuild;
    case config::Builder::kNix:
    case config::Builder::kChannel:
      break;
  }
  return Builder::kNix;
}

}  // namespace

bool IsStorePath(const std::string& source, const fs::path& store) {
  return source.starts_with(store.string() + "/");
}

Stager::Stager(const NixosOptions& options, ProcessRunner& processes, const Programs& programs,
               Steps& steps)
    : options_(options),
      paths_(options.paths()),
      processes_(processes),
      programs_(programs),
      steps_(steps) {}

Result<System> Stager::Stage(const engine::StageSpec& spec, std::stop_token stop) {
  Result<System> system = IsStorePath(spec.source, paths_.store) ? Adopt(spec.source, stop)
                          : spec.source == kChannelSource        ? BuildChannel(stop)
                                                                 : BuildFlake(spec, stop);
  if (!system) return system;
  if (options_.settings.validate) MATIC_TRY(Check(*system, std::move(stop)));
  return system;
}

Result<System> Stager::Adopt(const std::string& path, std::stop_token stop) {
  return steps_.Run(
      Phase::kVerifying, "look for " + path,
      [&]() -> Result<System> {
        MATIC_ASSIGN(const fs::path wanted, ParseStorePath(path, paths_.store));
        return AdoptSystem(programs_, wanted, OutLink(), stop);
      },
      PathOf);
}

Result<System> Stager::BuildChannel(std::stop_token stop) {
  const BuildSettings settings{.target = ChannelTarget{options_.settings.nix_path},
                               .out_link = OutLink(),
                               .deadline = options_.settings.build_timeout};
  return Build(nullptr, settings, std::string(kChannelSource), std::move(stop));
}

Result<System> Stager::BuildFlake(const engine::StageSpec& spec, std::stop_token stop) {
  MATIC_ASSIGN(FlakeTarget target, ParseFlakeTarget(spec.source, options_.host_name));
  const std::string what = Shown(target);
  const BuildSettings settings{.target = target,
                               .out_link = OutLink(),
                               .deadline = options_.settings.build_timeout,
                               .builder = BuilderOf(options_.settings.builder)};
  const std::optional<fs::path> folder = FolderOf(target);
  const std::vector<std::string>& inputs =
      spec.inputs.empty() ? options_.settings.update_inputs : spec.inputs;
  if (!folder) {
    if (!spec.inputs.empty()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "inputs of " + Shown(target) +
                      " cannot be moved from here: it is no folder of this machine");
    }
    return Build(nullptr, settings, what, std::move(stop));
  }
  const auto made = TreePrograms::For(processes_, options_.environment, *folder, options_.work_dir);
  if (!made) return Fail(made.error().Context("build " + what));
  const TreePrograms& tree = **made;
  MATIC_ASSIGN(const bool in_git, Pull(tree, *folder, stop));
  if (inputs.empty()) return Build(&tree, settings, what, std::move(stop));
  const BorrowedLock lock(options_, processes_);
  const bool borrows = in_git && !options_.settings.commit.enabled;
  if (borrows) MATIC_TRY(lock.Borrow(*folder));
  const Result<> moved = UpdateInputsOf(tree, *folder, inputs, stop);
  Result<System> system =
      moved ? Build(&tree, settings, what, std::move(stop)) : Result<System>(Fail(moved.error()));
  // The next start of the agent, or the next update, tries again.
  if (const auto back = lock.PutBack(); !back) spdlog::warn("{}", back.error().message);
  return system;
}

Result<bool> Stager::Pull(const TreePrograms& tree, const fs::path& folder, std::stop_token stop) {
  const config::NixosPull& pull = options_.settings.pull;
  PullSettings settings{.folder = folder, .remote = pull.remote, .branch = pull.branch};
  if (options_.settings.commit.enabled) settings.dirty = DirtyTree::kTakenAsItIs;
  const WorkTree work(tree.programs(), {folder, pull.remote, pull.branch, std::chrono::minutes(1)},
                      stop);
  // A configuration that nobody keeps in git is built as it is.
  if (!work.CheckIsTree()) return false;
  if (!pull.enabled) {
    MATIC_TRY(CheckTree(tree.programs(), settings, std::move(stop)));
    return true;
  }
  const Result<Revisions> pulled = steps_.Run(
      Phase::kFetching,
      "git pull " + folder.string() + " (" + pull.remote + "/" + pull.branch + ")",
      [&] { return PullFastForward(tree.programs(), settings, stop); },
      [](const Revisions& revisions) {
        return revisions.before == revisions.after ? "at " + revisions.after
                                                   : revisions.before + " -> " + revisions.after;
      });
  const bool degrades = pull.on_failure == config::FetchFailure::kUseLocal;
  if (!pulled && degrades && pulled.error().code == ErrorCode::kUnavailable) return true;
  MATIC_TRY(pulled);
  return true;
}

Result<> Stager::UpdateInputsOf(const TreePrograms& tree, const fs::path& folder,
                                const std::vector<std::string>& inputs, std::stop_token stop) {
  const bool all = std::ranges::find(inputs, "*") != inputs.end();
  std::string names;
  for (const std::string& input : inputs) names += " " + input;
  MATIC_TRY(steps_.Run(
      Phase::kFetching, "update the inputs of " + folder.string() + (all ? ": all" : ":" + names),
      [&]() -> Result<std::string> {
        MATIC_ASSIGN(const NixVersion version, GetNixVersion(tree.programs(), stop));
        InputsUpdate update{.flake = folder, .inputs = inputs};
        if (all) update.inputs.clear();
        return UpdateInputs(tree.programs(), version, update, stop);
      },
      [](const std::string& moved) { return moved; }));
  return {};
}

Result<System> Stager::Build(const TreePrograms* tree, const BuildSettings& settings,
                             const std::string& what, std::stop_token stop) {
  return steps_.Run(
      Phase::kBuilding, "build " + what,
      [&] {
        return tree == nullptr ? BuildSystem(programs_, settings, stop)
                               : BuildSystem(programs_, *tree, settings, stop);
      },
      PathOf);
}

Result<> Stager::Check(const System& system, std::stop_token stop) {
  for (const auto& [action, name] : {std::pair(SwitchAction::kCheck, "check"),
                                     std::pair(SwitchAction::kDryActivate, "dry-activate")}) {
    MATIC_TRY(steps_.Run(
        Phase::kVerifying, system.path.filename().string() + ": switch-to-configuration " + name,
        [&, act = action] {
          return RunSwitch(programs_, paths_, {.system = system.path, .action = act}, stop);
        },
        OutputOf));
  }
  return {};
}

}  // namespace matic::nixos
