// What is run around an update: the `hooks` section of agent.yaml.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace matic::config {

// Either a systemd unit or a command.
struct Hook {
  std::string unit = {};
  std::vector<std::string> command = {};
  bool required = true;

  bool operator==(const Hook&) const = default;
};

struct Hooks {
  // With pre.d, post.d, rollback.d, and named.d for those that a schedule names.
  std::filesystem::path dir = "/etc/matic/hooks";
  std::chrono::seconds deadline{300};  // of each
  // Run after what the folders hold.
  std::vector<Hook> pre = {};
  std::vector<Hook> post = {};
  std::vector<Hook> rollback = {};

  bool operator==(const Hooks&) const = default;
};

}  // namespace matic::config
