// Building a NixOS system: whatever is wrong with a configuration is found here, before anything of
// the machine is changed.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

#include "agent/nixos/programs.h"
#include "agent/nixos/system.h"
#include "agent/nixos/tree_owner.h"
#include "lib/base/result.h"

namespace matic::nixos {

// nixosConfigurations.HOST of a flake.
struct FlakeTarget {
  std::string flake;  // "/etc/nixos", "path:/srv/config", "git+file:///srv/config"
  std::string host;

  bool operator==(const FlakeTarget&) const = default;
};

// "/etc/nixos#web", as nixos-rebuild takes it; without "#web" it is `host_name`.
// kInvalidArgument for what is none, and for a URL with a user or password in it.
Result<FlakeTarget> ParseFlakeTarget(std::string_view text, std::string_view host_name);

// "/etc/nixos#web", without what a query may hide.
std::string Shown(const FlakeTarget& target);

// The folder of this machine that a flake lies in, which may be a git work tree; nothing for one
// that Nix fetches from elsewhere: "github:org/config".
std::optional<std::filesystem::path> FolderOf(const FlakeTarget& target);

// The configuration that <nixos-config> names, with the <nixpkgs> of a channel.
struct ChannelTarget {
  std::string nix_path;  // NIX_PATH: "nixpkgs=/nix/var/…/channels/nixos:nixos-config=/etc/nixos/…"

  bool operator==(const ChannelTarget&) const = default;
};

enum class Builder {
  kNix,           // nix build, or nix-build for a channel
  kNh,            // nh os build; flakes only
  kNixosRebuild,  // nixos-rebuild build
};

struct BuildSettings {
  std::variant<FlakeTarget, ChannelTarget> target;
  // A link to what was built, which keeps the garbage collector off it. One from an earlier build
  // is replaced, and stays where the build fails.
  std::filesystem::path out_link;
  std::chrono::milliseconds deadline = std::chrono::hours(2);
  Builder builder = Builder::kNix;
};

// Nothing is written to the configuration, no lock file either. The build is the tree's owner's;
// `programs` keep what it made.
//   kInvalidArgument  what was built is no system that can be activated; nh and a channel
//   kIo               quotes the end of a failed build, and says so where the disk is full
//   kDeadline         it and all that it started has been ended
Result<System> BuildSystem(const Programs& programs, const TreePrograms& tree,
                           const BuildSettings& settings, std::stop_token stop);

// Where there is no tree of anybody's: a flake that Nix fetches, a channel.
Result<System> BuildSystem(const Programs& programs, const BuildSettings& settings,
                           std::stop_token stop);

}  // namespace matic::nixos
