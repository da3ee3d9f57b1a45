#include "agent/config/config.h"
#include "agent/config/fields.h"
#include "agent/config/values.h"
#include "lib/calendar/moment.h"

namespace matic::config {
namespace {

template <typename Duration>
uint64_t SecondsOf(Duration duration) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

std::vector<Field> MaintenanceFields(Maintenance& maintenance) {
  calendar::Rules& rules = maintenance.rules;
  return {
      {"maintenance.timezone", Checked(rules.zone, "a time zone's name", calendar::CheckZone)},
      {"maintenance.windows", ParsedList(rules.windows, calendar::ParseWindow)},
      {"maintenance.download_windows", ParsedList(rules.download_windows, calendar::ParseWindow)},
      {"maintenance.install_windows", ParsedList(rules.install_windows, calendar::ParseWindow)},
      {"maintenance.reboot_windows", ParsedList(rules.reboot_windows, calendar::ParseWindow)},
      {"maintenance.blackouts", ParsedList(rules.blackouts, calendar::ParseDateRange)},
      {"maintenance.random_delay_seconds",
       Seconds(rules.random_delay, 0, SecondsOf(calendar::kMaxRandomDelay))},
      {"maintenance.min_uptime_seconds",
       Seconds(rules.minimum_uptime, 0, SecondsOf(calendar::kMaxMinimumUptime))},
      {"maintenance.allow_reboot", Flag(maintenance.allow_reboot)},
      {"maintenance.reboot_delay_seconds", Seconds(maintenance.reboot_delay, 0, 86400)},
  };
}

}  // namespace matic::config
