#include "osctl/fleet/inventory/describe.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/calendar/moment.h"
#include "lib/http/url.h"
#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/inventory/describe_channel.h"

namespace matic::fleet {
namespace {

using Json = nlohmann::ordered_json;

std::string_view NameOf(RollbackScope scope) {
  switch (scope) {
    case RollbackScope::kNone:
      return "false";
    case RollbackScope::kMachine:
      return "machine";
    case RollbackScope::kWave:
      return "wave";
    case RollbackScope::kGroup:
      return "group";
  }
  return "";
}

Json DescribeTarget(const Target& target) {
  if (const auto* channel = std::get_if<ChannelTarget>(&target)) return {{"channel", channel->url}};
  if (const auto* image = std::get_if<ImageTarget>(&target)) {
    Json object = {{"url", image->url}};
    if (!image->sha256.empty()) object["sha256"] = image->sha256;
    return object;
  }
  Json object = Json::object();
  if (const auto* flake = std::get_if<FlakeTarget>(&target)) {
    object["flake"] = flake->flake;
    if (!flake->mode.empty()) object["mode"] = flake->mode;
  }
  return object;
}

void PutTarget(Json& object, const Target& target) {
  if (!std::holds_alternative<std::monostate>(target)) object["target"] = DescribeTarget(target);
}

Json DescribeMachine(const Machine& machine) {
  Json object = {{"address", FormatAddress(machine.address)}};
  if (!machine.tags.empty()) object["tags"] = machine.tags;
  if (machine.self) object["self"] = true;
  PutTarget(object, machine.target);
  return object;
}

void PutText(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

Json DescribeGroup(const Group& group) {
  Json object = {{"machines", group.machines}};
  object["updatePolicy"] = fleet::NameOf(group.policy);
  if (!group.windows.empty()) {
    Json& windows = object["maintenanceWindow"] = Json::array();
    for (const calendar::Window& window : group.windows) {
      windows.push_back(calendar::FormatWindow(window));
    }
  }
  PutText(object, "timezone", group.timezone);
  object["allowReboot"] = group.allow_reboot;
  if (!group.dependencies.empty()) object["dependencies"] = group.dependencies;
  if (group.parallel) object["parallel"] = *group.parallel;
  object["canary"] = {{"count", group.canaries},
                      {"soakTime", calendar::FormatDuration(group.soak)}};
  object["staggerDelay"] = calendar::FormatDuration(group.stagger);
  if (group.max_failures.percent) {
    object["maxFailures"] = std::to_string(group.max_failures.value) + "%";
  } else {
    object["maxFailures"] = group.max_failures.value;
  }
  PutTarget(object, group.target);
  PutText(object, "preScript", group.pre_script);
  PutText(object, "postScript", group.post_script);
  PutText(object, "rollbackScript", group.rollback_script);
  return object;
}

Json DescribeSettings(const Settings& settings) {
  Json object = {{"maxParallel", settings.max_parallel}};
  object["healthCheckTimeout"] = calendar::FormatDuration(settings.health_check_timeout);
  object["rollbackOnFailure"] = NameOf(settings.rollback_on_failure);
  object["rebootDelay"] = calendar::FormatDuration(settings.reboot_stagger);
  object["reboots"] = settings.reboots == RebootOrder::kPerWave ? "per-wave" : "after-all";
  object["onRebootFailure"] =
      settings.on_reboot_failure == OnRebootFailure::kWarn ? "warn" : "stop";
  object["skipOffline"] = settings.skip_offline;
  object["machineDeadline"] = calendar::FormatDuration(settings.machine_deadline);
  object["runLimit"] = calendar::FormatDuration(settings.run_limit);
  if (!settings.blackouts.empty()) {
    Json& dates = object["blackoutDates"] = Json::array();
    for (const auto& range : settings.blackouts) dates.push_back(calendar::FormatDateRange(range));
  }
  PutText(object, "timezone", settings.blackout_timezone);
  if (!settings.notification_channels.empty()) {
    object["notificationChannels"] = settings.notification_channels;
  }
  return object;
}

}  // namespace

std::string_view NameOf(UpdatePolicy policy) {
  switch (policy) {
    case UpdatePolicy::kAggressive:
      return "aggressive";
    case UpdatePolicy::kConservative:
      return "conservative";
    case UpdatePolicy::kManualApproval:
      return "manual-approval";
  }
  return "";
}

std::string ShowTarget(const Target& target) {
  if (const auto* channel = std::get_if<ChannelTarget>(&target)) {
    return http::PublicUrl(channel->url);
  }
  if (const auto* image = std::get_if<ImageTarget>(&target)) return http::PublicUrl(image->url);
  const auto* flake = std::get_if<FlakeTarget>(&target);
  if (flake == nullptr) return "";
  return flake->mode.empty() ? flake->flake : flake->flake + " (" + flake->mode + ")";
}

Json Describe(const Inventory& inventory) {
  Json machines = Json::object();
  for (const Machine& machine : inventory.machines) {
    machines[machine.name] = DescribeMachine(machine);
  }
  Json groups = Json::object();
  for (const Group& group : inventory.groups) groups[group.name] = DescribeGroup(group);
  Json object = {{"name", inventory.name},
                 {"machines", std::move(machines)},
                 {"groups", std::move(groups)},
                 {"settings", DescribeSettings(inventory.settings)}};
  if (!inventory.channels.empty()) {
    Json& channels = object["notifications"]["channels"];
    for (const auto& channel : inventory.channels)
      channels[channel.name] = DescribeChannel(channel);
  }
  if (inventory.metrics != Metrics()) {
    PutText(object["metrics"], "textfile", inventory.metrics.textfile);
    PutText(object["metrics"], "listen", inventory.metrics.listen);
  }
  return object;
}

Result<Inventory> Narrowed(const Inventory& inventory, const Selection& selection) {
  MATIC_ASSIGN(const auto selected, SelectMachines(inventory, selection));
  Inventory narrowed{.name = inventory.name,
                     .machines = {},
                     .groups = {},
                     .settings = inventory.settings,
                     .channels = inventory.channels,
                     .metrics = inventory.metrics};
  std::set<std::string> names;
  for (const Machine* machine : selected) {
    narrowed.machines.push_back(*machine);
    names.insert(machine->name);
  }
  for (const Group& group : inventory.groups) {
    const auto& wanted = selection.groups;
    if (!wanted.empty() && std::ranges::find(wanted, group.name) == wanted.end()) continue;
    Group rest = group;
    std::erase_if(rest.machines, [&names](const auto& name) { return !names.contains(name); });
    if (!rest.machines.empty() || selection == Selection()) narrowed.groups.push_back(rest);
  }
  return narrowed;
}

}  // namespace matic::fleet
