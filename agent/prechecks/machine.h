// Where the pre-checks look. Tests point elsewhere.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "agent/health/room.h"
#include "lib/base/result.h"

namespace matic::prechecks {

// The file that a package manager locks while it works.
struct PackageLock {
  enum class Kind { kRecord, kWholeFile };  // fcntl(2) F_SETLK, flock(2)
  std::string who;
  std::filesystem::path path;
  Kind kind = Kind::kRecord;
};

std::vector<PackageLock> PackageLocks();

// Within five seconds, also where the filesystem gives no answer.
std::function<Result<health::Room>(const std::filesystem::path&)> RoomMeasure();

struct Machine {
  std::filesystem::path state_dir = "/var/lib/matic";
  std::filesystem::path proc = "/proc";
  std::filesystem::path power_supplies = "/sys/class/power_supply";
  std::vector<PackageLock> package_locks = PackageLocks();
  std::function<Result<health::Room>(const std::filesystem::path&)> measure_room = RoomMeasure();
  // Of a Nix host: kRefused names who is switching to another configuration just now. Null: nobody
  // can be.
  std::function<Result<>()> switch_lock = nullptr;
  unsigned processors = std::thread::hardware_concurrency();
};

}  // namespace matic::prechecks
