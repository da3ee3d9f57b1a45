// The EFI variables that systemd-boot shares with the system
// (https://systemd.io/BOOT_LOADER_INTERFACE/), as efivarfs shows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/nixos/host_paths.h"
#include "lib/base/result.h"

namespace matic::nixos {

// Nothing where there is no such variable, as on a machine without EFI. kCorrupt where it is no
// string; characters that are not of ASCII become '?'.
Result<std::optional<std::string>> ReadLoaderVariable(const HostPaths& paths,
                                                      std::string_view name);

}  // namespace matic::nixos
