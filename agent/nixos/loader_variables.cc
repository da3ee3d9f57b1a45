#include "agent/nixos/loader_variables.h"

#include <unistd.h>

#include "lib/os/efi_variable.h"

namespace matic::nixos {

Result<std::optional<std::string>> ReadLoaderVariable(const HostPaths& paths,
                                                      std::string_view name) {
  const Result<std::optional<std::u16string>> value =
      ReadEfiText(paths.efi_variables, {name, kLoaderVendor});
  if (!value && value.error().code == ErrorCode::kCorrupt) return std::nullopt;
  if (!value) return Fail(value.error());
  if (!*value) return std::nullopt;
  std::string text;
  for (const char16_t unit : **value) {
    text.push_back(unit >= u' ' && unit <= u'~' ? static_cast<char>(unit) : '?');
  }
  return text;
}

bool CanSetLoaderVariables(const HostPaths& paths) {
  const Result<std::optional<std::string>> started_by = ReadLoaderVariable(paths, "LoaderInfo");
  return started_by && *started_by && (*started_by)->starts_with("systemd-boot") &&
         ::access(paths.efi_variables.c_str(), W_OK) == 0;
}

}  // namespace matic::nixos
