#include "agent/config/config.h"
#include "agent/config/fields.h"
#include "agent/config/values.h"
#include "lib/calendar/moment.h"

namespace matic::config {
namespace {

// Texts that lib/calendar reads; what is wrong with one is said there.
template <typename T>
FieldReader ParsedList(std::vector<T>& target, Result<T> (*parse)(std::string_view)) {
  return [&target, parse](const YAML::Node& node) -> std::optional<std::string> {
    if (auto wrong = WrongList(node, 0)) return wrong;
    std::vector<T> items;
    for (const YAML::Node& item : node) {
      if (!Holds(kAnyText, item)) return "each item " + Must(kAnyText.words, item);
      Result<T> parsed = parse(item.Scalar());
      if (!parsed) return parsed.error().message;
      items.push_back(std::move(*parsed));
    }
    target = std::move(items);
    return std::nullopt;
  };
}

FieldReader Zone(std::string& target) {
  return [&target](const YAML::Node& node) -> std::optional<std::string> {
    if (!Holds(kAnyText, node)) return Must("a time zone's name", node);
    if (Result<> known = calendar::CheckZone(node.Scalar()); !known) return known.error().message;
    target = node.Scalar();
    return std::nullopt;
  };
}

template <typename Duration>
uint64_t SecondsOf(Duration duration) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

std::vector<Field> MaintenanceFields(Maintenance& maintenance) {
  calendar::Rules& rules = maintenance.rules;
  return {
      {"maintenance.timezone", Zone(rules.zone)},
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
