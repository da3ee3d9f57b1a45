// An inventory as it is written, before names are looked up. Inside this folder only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

constexpr size_t kMaxMachines = 20000;
constexpr size_t kMaxGroups = 1000;

// A name, and the line of the file it stands in.
struct Located {
  std::string text;
  size_t line = 0;
};

struct DraftTarget {
  std::string channel;
  std::string url;
  std::string sha256;
  std::string flake;
  std::string attribute;
  std::string mode;
};

struct DraftMachine {
  std::string name;
  size_t line = 0;
  std::optional<Address> address;
  std::string host;  // with `user` and `port`: another way to write an address
  std::string user;
  std::optional<uint16_t> port;
  std::vector<std::string> tags;
  DraftTarget target;
  bool self = false;
  std::string source;  // the file it stands in, or what printed it
};

struct DraftGroup {
  std::string name;
  size_t line = 0;
  Group group;  // but for its name, machines, dependencies and target
  bool all_machines = false;
  std::vector<Located> machines;
  std::vector<Located> tags;
  std::vector<Located> dependencies;
  DraftTarget target;
};

// A program that prints more machines.
struct DraftCatalogue {
  std::vector<std::string> exec;  // empty: none
  std::chrono::seconds timeout{30};
};

struct DraftChannel {
  std::string name;
  size_t line = 0;
  channels::ChannelSettings settings;  // but for its name
};

struct Draft {
  std::string name = "fleet";
  DraftCatalogue catalogue;
  std::vector<DraftMachine> machines;
  std::vector<DraftGroup> groups;
  Settings settings;
  std::vector<Located> told;  // settings.notificationChannels
  std::vector<DraftChannel> channels;
  Metrics metrics;
};

}  // namespace matic::fleet
