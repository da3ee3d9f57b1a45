// What a Nix host runs, starts next, and could start: read anew from links, profile, boot loader
// and the agent's own note.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/nixos/boot_loader.h"
#include "agent/nixos/host_paths.h"
#include "agent/nixos/host_state.h"
#include "agent/nixos/profile.h"
#include "agent/nixos/programs.h"
#include "agent/update/facts.h"
#include "lib/base/result.h"

namespace matic::nixos {

struct HostView {
  std::string boot_id;
  std::filesystem::path current;  // what runs
  std::filesystem::path booted;   // what was started
  std::vector<Generation> generations;
  // What the boot loader starts by default; where it cannot tell, what the profile names.
  std::optional<std::filesystem::path> next_default;
  std::optional<std::filesystem::path> next_once;  // what it starts next, and not again
  std::optional<std::filesystem::path> golden;     // as it is pinned
  HostState state;

  // What the profile names.
  std::optional<std::filesystem::path> InProfile() const;
  bool OnTrial(const std::filesystem::path& system) const;
  // By profile and boot loader alike.
  bool StartsForGood(const std::filesystem::path& system) const;
};

// kNotFound where this is no NixOS host: nothing says what runs.
Result<HostView> LookAtHost(const Programs& programs, const HostPaths& paths,
                            const Profile& profile, const BootLoader& boot_loader, HostState state,
                            std::stop_token stop);

update::Facts FactsOf(const HostView& view);

}  // namespace matic::nixos
