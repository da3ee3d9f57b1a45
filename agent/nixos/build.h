// Building a NixOS system: whatever is wrong with a configuration is found here, before anything of
// the machine is changed.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

#include "agent/nixos/programs.h"
#include "agent/nixos/system.h"
#include "lib/base/result.h"

namespace matic::nixos {

// nixosConfigurations.HOST of a flake.
struct FlakeTarget {
  std::string flake;  // "/etc/nixos", "path:/srv/config", "git+file:///srv/config"
  std::string host;

  bool operator==(const FlakeTarget&) const = default;
};

// "/etc/nixos#web", as nixos-rebuild takes it; without "#web" it is `host_name`.
// kInvalidArgument for what is none.
Result<FlakeTarget> ParseFlakeTarget(std::string_view text, std::string_view host_name);

// The configuration that <nixos-config> names, with the <nixpkgs> of a channel.
struct ChannelTarget {
  std::string nix_path;  // NIX_PATH: "nixpkgs=/nix/var/…/channels/nixos:nixos-config=/etc/nixos/…"

  bool operator==(const ChannelTarget&) const = default;
};

struct BuildSettings {
  std::variant<FlakeTarget, ChannelTarget> target;
  // A link to what was built, which keeps the garbage collector off it. One from an earlier build
  // is replaced, and stays where the build fails.
  std::filesystem::path out_link;
  std::chrono::milliseconds deadline = std::chrono::hours(2);
};

// Nothing is written to the configuration, no lock file either. kIo quotes the end of a failed
// build; kInvalidArgument where what was built is no system that can be activated.
Result<System> BuildSystem(const Programs& programs, const BuildSettings& settings,
                           std::stop_token stop);

}  // namespace matic::nixos
