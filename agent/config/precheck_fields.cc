#include "agent/config/fields.h"
#include "agent/config/values.h"

namespace matic::config {
namespace {

constexpr uint64_t kMonth = 31 * 86400;
constexpr uint64_t kTiB = 1u << 20;  // in MiB

FieldReader Hours(std::chrono::hours& target, uint64_t low, uint64_t high) {
  return WholeNumber([&target](uint64_t number) { target = std::chrono::hours(number); }, low,
                     high);
}

}  // namespace

std::vector<Field> PrecheckFields(Prechecks& prechecks) {
  Backup& backup = prechecks.backup;
  return {
      {"prechecks.space.min_mib", Number(prechecks.space_min_mib, 0, kTiB)},
      {"prechecks.disk.max_percent", Number(prechecks.disk.max_percent, 0, 100)},
      {"prechecks.disk.paths", TextList(prechecks.disk.paths, kPath, 0)},
      {"prechecks.load.max_percent", Number(prechecks.load_max_percent, 0, 100000)},
      {"prechecks.memory.min_mib", Number(prechecks.memory_min_mib, 0, kTiB)},
      {"prechecks.uptime.min_seconds", Seconds(prechecks.min_uptime, 0, kMonth)},
      {"prechecks.battery.min_percent", Number(prechecks.battery_min_percent, 0, 100)},
      {"prechecks.packages.allowed", Flag(prechecks.package_work_allowed)},
      {"prechecks.services.units", TextList(prechecks.units, kUnit, 0)},
      {"prechecks.system.state",
       Choice<SystemState>(prechecks.system_state, {{"any", SystemState::kAny},
                                                    {"booted", SystemState::kBooted},
                                                    {"running", SystemState::kRunning}})},
      {"prechecks.metered.allowed", Flag(prechecks.metered_allowed)},
      {"prechecks.backup.file", Text(backup.file, kPathOrNothing)},
      {"prechecks.backup.max_age_hours", Hours(backup.max_age, 1, 8784)},
      {"prechecks.backup.command", TextList(backup.command, kAnyText, 0)},
      {"prechecks.backup.timeout_seconds", Seconds(backup.timeout, 1, 600)},
  };
}

}  // namespace matic::config
