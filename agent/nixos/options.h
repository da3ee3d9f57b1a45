// What a Nix host's part of the agent is told by its configuration and its surroundings.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/nixos.h"
#include "agent/nixos/host_paths.h"

namespace matic::nixos {

struct NixosOptions {
  config::Nixos settings;
  std::string host_name;  // the attribute of a flake that names none, and the host of commits
  std::filesystem::path state_dir;
  std::filesystem::path work_dir = "/run/matic";  // that the owner of a tree can reach
  // Of nix, git and switch-to-configuration (lib/os/clean_environment.h, and what Nix reads).
  std::vector<std::string> environment;

  HostPaths paths() const;
  // What is updated to where nobody names anything; empty: nothing is configured.
  std::string source() const;
};

// Stands for a configuration without a flake: what `nix-build '<nixpkgs/nixos>'` builds.
inline constexpr std::string_view kChannelSource = "<nixpkgs/nixos>";

// As a Nix host's service has it: PATH, HOME, and the variables of this program's own that Nix
// reads (NIX_…).
std::vector<std::string> NixEnvironment(const std::filesystem::path& home);

}  // namespace matic::nixos
