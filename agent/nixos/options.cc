#include "agent/nixos/options.h"

#include <unistd.h>

#include <string_view>

#include "lib/os/clean_environment.h"

namespace matic::nixos {

HostPaths NixosOptions::paths() const {
  HostPaths paths;
  // Nix itself takes another store from there.
  constexpr std::string_view kStore = "NIX_STORE_DIR=";
  for (const std::string& variable : environment) {
    if (variable.starts_with(kStore)) paths.store = variable.substr(kStore.size());
  }
  paths.boot = settings.boot_folder;
  if (settings.host_root.empty()) return paths;
  for (std::filesystem::path* path :
       {&paths.booted_system, &paths.current_system, &paths.profile, &paths.system_profiles,
        &paths.switch_lock, &paths.boot, &paths.esp, &paths.efi_variables, &paths.boot_id}) {
    *path = std::filesystem::path(settings.host_root) / path->relative_path();
  }
  return paths;
}

std::string NixosOptions::source() const {
  return settings.builder == config::Builder::kChannel ? std::string(kChannelSource)
                                                       : settings.flake;
}

std::vector<std::string> NixEnvironment(const std::filesystem::path& home) {
  std::vector<std::string> environment = CleanEnvironment();
  std::erase_if(environment, [](const std::string& text) { return text.starts_with("HOME="); });
  environment.push_back("HOME=" + home.string());
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (std::string_view(*variable).starts_with("NIX_")) environment.emplace_back(*variable);
  }
  return environment;
}

}  // namespace matic::nixos
