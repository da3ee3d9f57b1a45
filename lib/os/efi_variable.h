// EFI variables that hold text, as the kernel shows them in efivarfs
// (https://docs.kernel.org/filesystems/efivarfs.html).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic {

// Below /sys.
inline constexpr std::string_view kEfiVariables = "firmware/efi/efivars";

// Whose variables boot loaders and systems share
// (https://systemd.io/BOOT_LOADER_INTERFACE/).
inline constexpr std::string_view kLoaderVendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

struct EfiVariable {
  std::string_view name;    // "LoaderInfo"
  std::string_view vendor;  // a GUID in lower case
};

// Up to the first zero. Nothing where there is no such variable, as on a machine without EFI;
// kCorrupt where it holds no UTF-16 text. `folder` is where efivarfs is mounted.
Result<std::optional<std::u16string>> ReadEfiText(const std::filesystem::path& folder,
                                                  const EfiVariable& variable);

// Nothing where a character is not printable, or not one of ASCII.
std::optional<std::string> ToPrintableAscii(std::u16string_view text);

}  // namespace matic
