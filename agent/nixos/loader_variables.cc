#include "agent/nixos/loader_variables.h"

#include <unistd.h>

#include "lib/os/durable_file.h"

namespace matic::nixos {
namespace {

constexpr const char* kVendor = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
constexpr size_t kMaxVariable = 64 * 1024;
constexpr size_t kAttributes = 4;  // bytes before the value

}  // namespace

Result<std::optional<std::string>> ReadLoaderVariable(const HostPaths& paths,
                                                      std::string_view name) {
  const std::filesystem::path path = paths.efi_variables / (std::string(name) + kVendor);
  const Result<std::string> bytes = ReadFile(path, kMaxVariable);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!bytes) return Fail(bytes.error());
  if (bytes->size() < kAttributes || bytes->size() % 2 != 0) return std::nullopt;
  std::string text;
  for (size_t i = kAttributes; i < bytes->size(); i += 2) {
    const auto low = static_cast<unsigned char>((*bytes)[i]);
    const auto high = static_cast<unsigned char>((*bytes)[i + 1]);
    if (low == 0 && high == 0) break;
    text.push_back(high == 0 && low >= 0x20 && low < 0x7f ? static_cast<char>(low) : '?');
  }
  return text;
}

bool CanSetLoaderVariables(const HostPaths& paths) {
  const Result<std::optional<std::string>> started_by = ReadLoaderVariable(paths, "LoaderInfo");
  return started_by && *started_by && (*started_by)->starts_with("systemd-boot") &&
         ::access(paths.efi_variables.c_str(), W_OK) == 0;
}

}  // namespace matic::nixos
