// Where the pre-checks look. Tests point elsewhere.
#pragma once

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace matic::prechecks {

// The file that a package manager locks while it works.
struct PackageLock {
  enum class Kind { kRecord, kWholeFile };  // fcntl(2) F_SETLK, flock(2)
  std::string who;
  std::filesystem::path path;
  Kind kind = Kind::kRecord;
};

std::vector<PackageLock> PackageLocks();

struct Machine {
  std::filesystem::path state_dir = "/var/lib/matic";
  std::filesystem::path proc = "/proc";
  std::filesystem::path power_supplies = "/sys/class/power_supply";
  std::vector<PackageLock> package_locks = PackageLocks();
  unsigned processors = std::thread::hardware_concurrency();
};

}  // namespace matic::prechecks
