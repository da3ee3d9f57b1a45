// What must hold before an update begins: the `prechecks` section of agent.yaml. Zero, an empty
// text and an empty list each turn a check off.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace matic::config {

enum class SystemState {
  kAny,
  kBooted,   // `systemctl is-system-running` says running or degraded
  kRunning,  // it says running: no unit has failed
};

struct DiskUse {
  uint32_t max_percent = 0;
  std::vector<std::filesystem::path> paths = {"/", "/boot"};  // one that is missing counts as empty

  bool operator==(const DiskUse&) const = default;
};

struct Backup {
  std::filesystem::path file;  // changed by every backup
  std::chrono::hours max_age{24};
  std::vector<std::string> command;  // exits with 0 where there is a backup that is new enough
  std::chrono::seconds timeout{60};  // of the command

  bool operator==(const Backup&) const = default;
};

struct Prechecks {
  uint64_t space_min_mib = 16;  // free where `state_dir` is
  DiskUse disk;
  std::vector<std::string> units;
  SystemState system_state = SystemState::kAny;
  uint32_t load_max_percent = 0;  // of the processors there are, over the last minute
  uint64_t memory_min_mib = 0;    // available without swapping
  uint32_t battery_min_percent = 20;
  bool metered_allowed = true;
  std::chrono::seconds min_uptime{0};
  Backup backup;
  bool package_work_allowed = false;

  bool operator==(const Prechecks&) const = default;
};

}  // namespace matic::config
