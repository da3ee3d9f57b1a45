// From what an update names to a system in the store that can be activated, step by step: pull,
// inputs, build, and the system's own checks. Nothing of what runs, or starts next, is changed.
#pragma once

#include <stop_token>
#include <string>

#include "agent/engine/backend.h"
#include "agent/nixos/build.h"
#include "agent/nixos/options.h"
#include "agent/nixos/programs.h"
#include "agent/nixos/steps.h"
#include "agent/nixos/system.h"
#include "lib/base/result.h"
#include "lib/os/process_runner.h"

namespace matic::nixos {

class Stager {
 public:
  // All outlive the stager.
  Stager(const NixosOptions& options, ProcessRunner& processes, const Programs& programs,
         Steps& steps);

  // Errors quote the last lines of the program that failed, and name the step.
  Result<System> Stage(const engine::StageSpec& spec, std::stop_token stop);

 private:
  Result<System> Adopt(const std::string& path, std::stop_token stop);
  Result<System> BuildChannel(std::stop_token stop);
  Result<System> BuildFlake(const engine::StageSpec& spec, std::stop_token stop);
  // Whether it is a git tree; one that nobody keeps in git is taken as it is.
  Result<bool> Pull(const TreePrograms& tree, const std::filesystem::path& folder,
                    std::stop_token stop);
  Result<> UpdateInputsOf(const TreePrograms& tree, const std::filesystem::path& folder,
                          const std::vector<std::string>& inputs, std::stop_token stop);
  Result<System> Build(const TreePrograms* tree, const BuildSettings& settings,
                       const std::string& what, std::stop_token stop);
  Result<> Check(const System& system, std::stop_token stop);
  std::filesystem::path OutLink() const { return options_.state_dir / "nixos" / "result"; }

  const NixosOptions& options_;
  const HostPaths paths_;
  ProcessRunner& processes_;
  const Programs& programs_;
  Steps& steps_;
};

// "/nix/store/…-nixos-system-web" is a path in the store, whatever else it could be.
bool IsStorePath(const std::string& source, const std::filesystem::path& store);

}  // namespace matic::nixos
