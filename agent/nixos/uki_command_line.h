// The kernel command line inside a unified kernel image.
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace matic::nixos {

// The section .cmdline of a PE32+ file (https://uapi-group.org/specifications/specs/
// unified_kernel_image/), also of the stubs that Lanzaboote installs. kCorrupt for what is no such
// file, or has none.
Result<std::string> ReadUkiCommandLine(const std::filesystem::path& path);

}  // namespace matic::nixos
