// Whose updates this machine takes, and which it looks for by itself: the sections `trust` and
// `channel` of agent.yaml.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace matic::config {

struct Trust {
  std::filesystem::path root = "/etc/matic/root.json";
  std::string product;    // that a manifest must be for; empty: none is taken
  bool required = false;  // whether an image without a signed manifest is refused

  bool operator==(const Trust&) const = default;
};

struct Channel {
  std::string url;   // of a signed manifest that is published anew with each release; empty: none
  bool poll = true;  // false: it is looked at only when somebody asks for an update
  std::chrono::seconds interval{3600};
  std::chrono::seconds jitter{600};  // at most so much later
  bool enable_auto_rollback = true;

  bool operator==(const Channel&) const = default;
};

}  // namespace matic::config
