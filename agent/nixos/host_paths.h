// Where a NixOS host keeps what the agent looks at and changes. The defaults are those of every
// NixOS; another root is for file-backed tests.
#pragma once

#include <filesystem>

namespace matic::nixos {

struct HostPaths {
  std::filesystem::path booted_system = "/run/booted-system";
  std::filesystem::path current_system = "/run/current-system";
  std::filesystem::path store = "/nix/store";
  std::filesystem::path profile = "/nix/var/nix/profiles/system";
  // Profiles of their own, which get boot entries beside those of `profile`.
  std::filesystem::path system_profiles = "/nix/var/nix/profiles/system-profiles";
  std::filesystem::path switch_lock = "/run/nixos/switch-to-configuration.lock";
  std::filesystem::path boot = "/boot";  // the ESP, or where GRUB's files lie
  // The ESP where boot is a partition of its own (XBOOTLDR): loader.conf is there then.
  std::filesystem::path esp = "/efi";
  std::filesystem::path efi_variables = "/sys/firmware/efi/efivars";
  std::filesystem::path boot_id = "/proc/sys/kernel/random/boot_id";

  bool operator==(const HostPaths&) const = default;
};

}  // namespace matic::nixos
