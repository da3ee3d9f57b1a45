// Of a Nix host: whether the system that the machine was started with is on trial. The boot loader
// starts it once and the one before by default, so a restart is the way back. The agent notes the
// trial in nixos.json (docs/formats.md) and takes the note away when it confirms; that file is read
// here without the agent's libraries, which need programs of Nix.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "agent/deadline/trial.h"

namespace matic::deadline {

// Where to look. The defaults are a real host's.
struct NixPlaces {
  std::filesystem::path host_state = "/var/lib/matic/nixos.json";
  std::filesystem::path booted_system = "/run/booted-system";
  std::filesystem::path boot_id = "/proc/sys/kernel/random/boot_id";
};

// What the note says of the system `booted` in the start `boot_id`. Nothing where it cannot be
// understood.
std::optional<Reading> JudgeSystem(std::string_view host_state, const std::filesystem::path& booted,
                                   std::string_view boot_id);

// As `places` have it now; nothing where there is no note, such as before /var is mounted.
std::optional<Sighting> LookAtNixHost(const NixPlaces& places);

}  // namespace matic::deadline
