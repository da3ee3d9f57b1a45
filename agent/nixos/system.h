// A NixOS system in the store ("toplevel"), and whether the running one can become it without a
// reboot. Its files are made by nixpkgs' nixos/modules/system/activation/top-level.nix.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic::nixos {

struct System {
  std::filesystem::path path;  // in the store, without links
  std::string version;         // "24.05.20240910.abcdef"
  // Where the links of these names lead, or their own path where they are none. Empty where there
  // are none, as in containers.
  std::string kernel = {};
  std::string initrd = {};
  std::string kernel_modules = {};
  std::string kernel_params = {};
  std::string init_interface_version = {};  // what the running init must match
  // Critical components whose change no running system takes well, by name
  // (system.switch.inhibitors). A file that is no JSON object is one component with its name.
  std::map<std::string, std::string> switch_inhibitors = {};
  bool has_switch = false;  // bin/switch-to-configuration can be executed

  bool operator==(const System&) const = default;
};

// `path` may be a link, such as /run/booted-system. kNotFound where it leads nowhere (a garbage
// collection took it), kInvalidArgument where it is no NixOS system.
Result<System> ReadSystem(const std::filesystem::path& path);

// kInvalidArgument for a system without switch-to-configuration: nothing can activate it.
Result<> CheckActivatable(const System& system);

// Why `next` takes effect only by a reboot; none where it can be switched to. Kernel, initrd,
// modules and parameters are compared with what was booted, init and inhibitors with what
// `current`ly runs, as NixOS' own checks do.
std::vector<std::string> RebootReasons(const System& booted, const System& current,
                                       const System& next);

}  // namespace matic::nixos
