#include "agent/nixos/give_back.h"

#include <filesystem>
#include <optional>
#include <string>

#include "agent/nixos/build.h"
#include "agent/nixos/commit_back.h"
#include "agent/nixos/tree_owner.h"

namespace matic::nixos {
namespace {

std::string Describe(const CommitBackResult& done) {
  if (done.commit.empty() && !done.pushed) return "nothing to commit";
  return (done.commit.empty() ? "" : "committed " + done.commit) + (done.pushed ? ", pushed" : "");
}

}  // namespace

void GiveBack(const NixosOptions& options, ProcessRunner& processes, Steps& steps,
              const Clock& clock) {
  const config::Nixos& settings = options.settings;
  if (!settings.commit.enabled || settings.flake.empty()) return;
  const Result<FlakeTarget> target = ParseFlakeTarget(settings.flake, options.host_name);
  const std::optional<std::filesystem::path> folder = target ? FolderOf(*target) : std::nullopt;
  if (!folder) return;
  (void)steps.Run(
      engine::Phase::kConfirming, "commit " + folder->string(),
      [&]() -> Result<CommitBackResult> {
        MATIC_ASSIGN(const auto tree,
                     TreePrograms::For(processes, options.environment, *folder, options.work_dir));
        return CommitBack(tree->programs(),
                          {.folder = *folder,
                           .remote = settings.pull.remote,
                           .branch = settings.pull.branch,
                           .host = options.host_name,
                           .name = settings.commit.name,
                           .email = settings.commit.email},
                          clock.Now(), {});
      },
      Describe);
}

}  // namespace matic::nixos
