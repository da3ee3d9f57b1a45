// Power, as the kernel tells it in /sys/class/power_supply (its documentation:
// ABI/testing/sysfs-class-power).
#include <algorithm>
#include <charconv>
#include <vector>

#include "agent/prechecks/checks.h"
#include "lib/os/durable_file.h"

namespace matic::prechecks {
namespace {

constexpr size_t kMaxValue = 4096;

struct BatteryState {
  bool discharging;
  unsigned percent;
};

// The first line of a property; empty where the supply does not have it.
std::string Property(const std::filesystem::path& supply, const char* name) {
  const auto text = ReadFile(supply / name, kMaxValue);
  return text ? text->substr(0, text->find('\n')) : "";
}

std::optional<BatteryState> ReadBattery(const std::filesystem::path& supply) {
  const std::string type = Property(supply, "type");
  if (type != "Battery" && type != "UPS") return std::nullopt;
  // Of a mouse or a headset.
  if (Property(supply, "scope") == "Device" || Property(supply, "present") == "0") {
    return std::nullopt;
  }
  const std::string capacity = Property(supply, "capacity");
  unsigned percent = 0;
  const char* end = capacity.data() + capacity.size();
  const auto [rest, error] = std::from_chars(capacity.data(), end, percent);
  if (error != std::errc() || rest != end || percent > 100) return std::nullopt;
  return BatteryState{Property(supply, "status") == "Discharging", percent};
}

std::vector<BatteryState> ReadBatteries(const std::filesystem::path& folder) {
  std::vector<BatteryState> batteries;
  std::error_code ignored;  // a machine without the folder has no batteries
  for (std::filesystem::directory_iterator it(folder, ignored), end; it != end;
       it.increment(ignored)) {
    if (const auto battery = ReadBattery(it->path())) batteries.push_back(*battery);
  }
  return batteries;
}

}  // namespace

Reason Battery(const Situation& now) {
  const std::vector<BatteryState> batteries = ReadBatteries(now.machine.power_supplies);
  const bool discharging = std::any_of(batteries.begin(), batteries.end(),
                                       [](const BatteryState& b) { return b.discharging; });
  if (!discharging) return std::nullopt;
  unsigned sum = 0;
  for (const BatteryState& battery : batteries) sum += battery.percent;
  const unsigned percent = sum / static_cast<unsigned>(batteries.size());
  if (percent >= now.wanted.battery_min_percent) return std::nullopt;
  return "the machine runs on its battery, which is at " + std::to_string(percent) +
         " %, at least " + std::to_string(now.wanted.battery_min_percent) +
         " % are needed: connect it to power";
}

}  // namespace matic::prechecks
