#include "agent/config/changes.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace matic::config {
namespace {

// Sockets, ports and files that are open, and names that others have been told. A name that ends in
// a dot stands for its section.
constexpr std::string_view kAtStart[] = {
    "api.",
    "backend",
    "boot_facts",
    "disk",
    "metrics.",
    "name",
    "nixos.boot_folder",
    "nixos.boot_loader",
    "nixos.host_root",
    "reboot_command",
    "state_dir",
    "trust.root",
};

// What the files make of one key, whether they set it or not.
const Config& ValueOf(const Loaded& loaded, const std::string& key, const Config& defaults) {
  const auto found = loaded.settings.find(key);
  return found == loaded.settings.end() ? defaults : found->second;
}

}  // namespace

bool TakesEffectAtOnce(std::string_view key) {
  return std::ranges::none_of(kAtStart, [key](std::string_view name) {
    return name.ends_with('.') ? key.starts_with(name) : key == name;
  });
}

std::vector<std::string> ChangedKeys(const Loaded& before, const Loaded& after) {
  std::set<std::string> keys;
  for (const Loaded* loaded : {&before, &after}) {
    for (const auto& [key, alone] : loaded->settings) keys.insert(key);
  }
  const Config defaults;
  std::vector<std::string> changed;
  std::ranges::copy_if(keys, std::back_inserter(changed), [&](const std::string& key) {
    return ValueOf(before, key, defaults) != ValueOf(after, key, defaults);
  });
  return changed;
}

Config Effective(const Config& running, Config fresh) {
  fresh.api = running.api;
  fresh.backend = running.backend;
  fresh.boot_facts = running.boot_facts;
  fresh.disk = running.disk;
  fresh.metrics = running.metrics;
  fresh.name = running.name;
  fresh.nixos.boot_folder = running.nixos.boot_folder;
  fresh.nixos.boot_loader = running.nixos.boot_loader;
  fresh.nixos.host_root = running.nixos.host_root;
  fresh.reboot_command = running.reboot_command;
  fresh.state_dir = running.state_dir;
  fresh.trust.root = running.trust.root;
  return fresh;
}

}  // namespace matic::config
