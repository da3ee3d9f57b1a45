#include "agent/config/fields.h"

#include <algorithm>
#include <iterator>

#include "agent/config/values.h"
#include "lib/base/names.h"

namespace matic::config {

namespace {

constexpr Names<LogLevel, 4> kLogLevels{{
    {LogLevel::kDebug, "debug"},
    {LogLevel::kInfo, "info"},
    {LogLevel::kWarning, "warning"},
    {LogLevel::kError, "error"},
}};

}  // namespace

std::string_view LogLevelName(LogLevel level) { return NameIn(kLogLevels, level); }

std::vector<Field> FieldsOf(Config& config) {
  constexpr uint64_t kDay = 86400;
  Api& api = config.api;
  std::vector<Field> fields = {
      {"name", Text(config.name, kHostname)},
      {"backend", Choice<BackendKind>(config.backend,
                                      {{"ab", BackendKind::kAb}, {"nixos", BackendKind::kNixos}})},
      {"state_dir", Text(config.state_dir, kPath)},
      {"disk", Text(config.disk, kDisk)},
      {"boot_facts", Text(config.boot_facts, kPathOrNothing)},
      {"reboot_command", TextList(config.reboot_command, kAnyText, 1)},
      {"tries", Number(config.tries, 1, 15)},
      {"trial_deadline_seconds", Seconds(config.trial_deadline, 1, kDay)},
      {"api.socket", Text(api.socket, kPath)},
      {"api.socket_group", Text(api.socket_group, kGroup)},
      {"api.reader_socket", Text(api.reader_socket, kPathOrNothing)},
      {"api.reader_socket_group", Text(api.reader_socket_group, kGroup)},
      {"api.reader_socket_mode",
       Choice<mode_t>(api.reader_socket_mode, {{"0600", 0600}, {"0660", 0660}, {"0666", 0666}})},
      {"api.listen", Text(api.listen, kListen)},
      {"api.pki_dirs", TextList(api.pki_dirs, kPath, 1)},
      {"api.pki_check_seconds", Seconds(api.pki_check, 1, 86400)},
      {"metrics.listen", Text(config.metrics.listen, kListen)},
      {"log.level", Choice(config.log.level, kLogLevels)},
  };
  std::ranges::move(DownloadFields(config.download), std::back_inserter(fields));
  std::ranges::move(FleetLockFields(config.fleet_lock), std::back_inserter(fields));
  std::ranges::move(PrecheckFields(config.prechecks), std::back_inserter(fields));
  std::ranges::move(HealthFields(config.health), std::back_inserter(fields));
  std::ranges::move(HooksFields(config.hooks), std::back_inserter(fields));
  std::ranges::move(NotificationFields(config.notifications), std::back_inserter(fields));
  std::ranges::move(SourceFields(config.trust, config.channel), std::back_inserter(fields));
  std::ranges::move(NixosFields(config.nixos), std::back_inserter(fields));
  std::ranges::move(MaintenanceFields(config.maintenance), std::back_inserter(fields));
  return fields;
}

}  // namespace matic::config
