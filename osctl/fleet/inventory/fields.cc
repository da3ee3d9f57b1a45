#include "osctl/fleet/inventory/fields.h"

#include "lib/base/host_port.h"
#include "lib/calendar/rules.h"
#include "lib/settings/values.h"
#include "osctl/fleet/inventory/values.h"

namespace matic::fleet {
namespace {

using settings::Choice;
using std::chrono::seconds;

constexpr seconds kDay{86400};
constexpr settings::TextRule kName{kNameWords, IsFleetName};

bool IsListen(std::string_view text) {
  if (text.empty()) return true;
  const auto place = ParseHostPort(text);
  return place && place->port != 0;
}

constexpr settings::TextRule kListen{"ADDRESS:PORT, such as '127.0.0.1:28052', or \"\"", IsListen};

}  // namespace

std::vector<settings::Field> FieldsOf(Draft& draft) {
  Settings& all = draft.settings;
  using Scope = RollbackScope;
  return {
      {"name", settings::Text(draft.name, kName)},
      {"inventory.exec", Program(draft.catalogue.exec)},
      {"inventory.timeout", Duration(draft.catalogue.timeout, seconds(1), seconds(600))},
      MachinesField(draft.machines),
      GroupsField(draft.groups),
      {"settings.maxParallel", settings::Number(all.max_parallel, 1, kMaxMachines)},
      {"settings.healthCheckTimeout", Duration(all.health_check_timeout, seconds(1), kDay)},
      {"settings.rollbackOnFailure",
       Choice<Scope>(all.rollback_on_failure, {{"true", Scope::kMachine},
                                               {"false", Scope::kNone},
                                               {"machine", Scope::kMachine},
                                               {"wave", Scope::kWave},
                                               {"group", Scope::kGroup}})},
      {"settings.rebootDelay", Duration(all.reboot_stagger, seconds(0), kDay)},
      {"settings.reboots",
       Choice<RebootOrder>(all.reboots, {{"per-wave", RebootOrder::kPerWave},
                                         {"after-all", RebootOrder::kAfterAll}})},
      {"settings.onRebootFailure",
       Choice<OnRebootFailure>(all.on_reboot_failure, {{"warn", OnRebootFailure::kWarn},
                                                       {"stop", OnRebootFailure::kStop}})},
      {"settings.skipOffline", settings::Flag(all.skip_offline)},
      {"settings.machineDeadline", Duration(all.machine_deadline, seconds(60), 7 * kDay)},
      {"settings.runLimit", Duration(all.run_limit, seconds(60), 30 * kDay)},
      {"settings.blackoutDates",
       settings::ParsedList(all.blackouts, calendar::ParseDateRange, calendar::kMaxBlackouts)},
      {"settings.timezone", Zone(all.blackout_timezone)},
      {"settings.notificationChannels", Names(draft.told, settings::kMaxItems)},
      ChannelsField(draft.channels),
      {"metrics.textfile", settings::Text(draft.metrics.textfile, settings::kPathOrNothing)},
      {"metrics.listen", settings::Text(draft.metrics.listen, kListen)},
  };
}

}  // namespace matic::fleet
