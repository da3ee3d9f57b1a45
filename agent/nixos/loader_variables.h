// The EFI variables that systemd-boot shares with the system
// (https://systemd.io/BOOT_LOADER_INTERFACE/), as efivarfs shows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/nixos/host_paths.h"
#include "lib/base/result.h"

namespace matic::nixos {

// Nothing where there is no such variable, as on a machine without EFI, or it is no string, which
// systemd-boot passes by too. Characters that are not of ASCII become '?'.
Result<std::optional<std::string>> ReadLoaderVariable(const HostPaths& paths,
                                                      std::string_view name);

// Whether systemd-boot started this machine, and would be told something by a variable that is set:
// the firmware of some boards offers them to be read only.
bool CanSetLoaderVariables(const HostPaths& paths);

}  // namespace matic::nixos
