#include "osctl/fleet/planner/plan_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/json_number.h"
#include "lib/calendar/date_range.h"
#include "lib/calendar/window.h"

namespace matic::fleet {
namespace {

using nlohmann::json;

constexpr std::pair<RollbackScope, const char*> kScopes[] = {{RollbackScope::kNone, "none"},
                                                             {RollbackScope::kMachine, "machine"},
                                                             {RollbackScope::kWave, "wave"},
                                                             {RollbackScope::kGroup, "group"}};
constexpr std::pair<RebootOrder, const char*> kReboots[] = {{RebootOrder::kPerWave, "per-wave"},
                                                            {RebootOrder::kAfterAll, "after-all"}};
constexpr std::pair<OnRebootFailure, const char*> kOnFailure[] = {{OnRebootFailure::kWarn, "warn"},
                                                                  {OnRebootFailure::kStop, "stop"}};
constexpr std::pair<Work, const char*> kWork[] = {{Work::kUpdate, "update"},
                                                  {Work::kReboot, "reboot"},
                                                  {Work::kPrepare, "prepare"},
                                                  {Work::kRollBack, "roll-back"},
                                                  {Work::kRestart, "restart"}};
constexpr std::pair<LeftOutReason, const char*> kLeftOut[] = {
    {LeftOutReason::kUpToDate, "up-to-date"},          {LeftOutReason::kOffline, "offline"},
    {LeftOutReason::kUnreachable, "unreachable"},      {LeftOutReason::kNoTarget, "no-target"},
    {LeftOutReason::kRebootPending, "reboot-pending"}, {LeftOutReason::kNoReboot, "no-reboot"},
    {LeftOutReason::kNotPrepared, "not-prepared"},     {LeftOutReason::kNoGroup, "no-group"}};

// What is wrong with a value; caught in ParsePlan.
struct Unknown {
  std::string what;
};

template <typename Value, size_t N>
const char* Name(const std::pair<Value, const char*> (&names)[N], Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "";
}

template <typename Value, size_t N>
void Take(const json& from, const char* key, const std::pair<Value, const char*> (&names)[N],
          Value& value) {
  const auto text = from.at(key).get<std::string>();
  for (const auto& [known, name] : names) {
    if (text != name) continue;
    value = known;
    return;
  }
  throw Unknown{std::string(key) + ": '" + text + "' is unknown"};
}

template <typename Value>
Value Checked(const char* key, Result<Value> value) {
  if (!value) throw Unknown{std::string(key) + ": " + value.error().message};
  return *std::move(value);
}

json ToObject(const PinnedTarget& target) {
  json to = {{"version", target.version}, {"digest", target.digest}};
  if (const auto* channel = std::get_if<ChannelTarget>(&target.target)) {
    to["channel"] = channel->url;
  } else if (const auto* image = std::get_if<ImageTarget>(&target.target)) {
    to["url"] = image->url;
    to["sha256"] = image->sha256;
  } else if (const auto* flake = std::get_if<FlakeTarget>(&target.target)) {
    to["flake"] = flake->flake;
    to["mode"] = flake->mode;
  }
  return to;
}

PinnedTarget ReadTarget(const json& from) {
  PinnedTarget target{.version = from.at("version"), .digest = from.at("digest")};
  if (from.contains("channel")) {
    target.target = ChannelTarget{from.at("channel")};
  } else if (from.contains("url")) {
    target.target = ImageTarget{from.at("url"), from.at("sha256")};
  } else if (from.contains("flake")) {
    target.target = FlakeTarget{from.at("flake"), from.at("mode")};
  }
  return target;
}

json ToObject(const PlannedMachine& machine) {
  return {{"name", machine.name},
          {"target", ToObject(machine.target)},
          {"work", Name(kWork, machine.work)},
          {"note", machine.note},
          {"before", machine.before},
          {"generation", machine.generation},
          {"staged", machine.staged}};
}

PlannedMachine ReadMachine(const json& from) {
  PlannedMachine machine{.name = from.at("name"), .target = ReadTarget(from.at("target"))};
  Take(from, "work", kWork, machine.work);
  machine.note = from.at("note");
  machine.before = from.at("before");
  machine.generation = WholeNumber<uint64_t>(from.at("generation"));
  machine.staged = from.at("staged");
  return machine;
}

json ToObject(const PlannedGroup& group) {
  json waves = json::array();
  for (const Wave& wave : group.waves) {
    waves.push_back({{"canary", wave.canary}, {"machines", wave.machines}});
  }
  json windows = json::array();
  for (const calendar::Window& window : group.windows) {
    windows.push_back(calendar::FormatWindow(window));
  }
  return {{"name", group.name},
          {"controller", group.controller},
          {"dependencies", group.dependencies},
          {"waves", std::move(waves)},
          {"skip", group.skip},
          {"members", group.members},
          {"failures_before", group.failures_before},
          {"max_failures", group.max_failures},
          {"parallel", group.parallel},
          {"needs_approval", group.needs_approval},
          {"allow_reboot", group.allow_reboot},
          {"windows", std::move(windows)},
          {"timezone", group.timezone},
          {"soak_seconds", group.soak.count()},
          {"stagger_seconds", group.stagger.count()},
          {"pre_script", group.pre_script},
          {"post_script", group.post_script},
          {"rollback_script", group.rollback_script}};
}

PlannedGroup ReadGroup(const json& from) {
  PlannedGroup group{
      .name = from.at("name"),
      .controller = from.at("controller"),
      .dependencies = WholeNumbers<size_t>(from.at("dependencies")),
      .waves = {},
      .skip = from.at("skip"),
      .members = from.at("members"),
      .failures_before = WholeNumber<uint32_t>(from.at("failures_before")),
      .max_failures = WholeNumber<uint32_t>(from.at("max_failures")),
      .parallel = WholeNumber<uint32_t>(from.at("parallel")),
      .needs_approval = from.at("needs_approval"),
      .allow_reboot = from.at("allow_reboot"),
      .windows = {},
      .timezone = from.at("timezone"),
      .soak = std::chrono::seconds(WholeNumber<int64_t>(from.at("soak_seconds"))),
      .stagger = std::chrono::seconds(WholeNumber<int64_t>(from.at("stagger_seconds"))),
      .pre_script = from.at("pre_script"),
      .post_script = from.at("post_script"),
      .rollback_script = from.at("rollback_script")};
  for (const json& wave : from.at("waves")) {
    group.waves.push_back(
        {.canary = wave.at("canary"), .machines = WholeNumbers<size_t>(wave.at("machines"))});
  }
  for (const json& window : from.at("windows")) {
    group.windows.push_back(Checked("windows", calendar::ParseWindow(window.get<std::string>())));
  }
  return group;
}

json ToObject(const Settings& settings) {
  json blackouts = json::array();
  for (const calendar::DateRange& range : settings.blackouts) {
    blackouts.push_back(calendar::FormatDateRange(range));
  }
  return {{"max_parallel", settings.max_parallel},
          {"health_check_timeout_seconds", settings.health_check_timeout.count()},
          {"rollback_on_failure", Name(kScopes, settings.rollback_on_failure)},
          {"reboot_stagger_seconds", settings.reboot_stagger.count()},
          {"reboots", Name(kReboots, settings.reboots)},
          {"on_reboot_failure", Name(kOnFailure, settings.on_reboot_failure)},
          {"skip_offline", settings.skip_offline},
          {"machine_deadline_seconds", settings.machine_deadline.count()},
          {"run_limit_seconds", settings.run_limit.count()},
          {"blackouts", std::move(blackouts)},
          {"blackout_timezone", settings.blackout_timezone},
          {"notification_channels", settings.notification_channels}};
}

std::chrono::seconds SecondsAt(const json& from, const char* key) {
  return std::chrono::seconds(WholeNumber<int64_t>(from.at(key)));
}

Settings ReadSettings(const json& from) {
  Settings settings;
  settings.max_parallel = WholeNumber<uint32_t>(from.at("max_parallel"));
  settings.health_check_timeout = SecondsAt(from, "health_check_timeout_seconds");
  Take(from, "rollback_on_failure", kScopes, settings.rollback_on_failure);
  settings.reboot_stagger = SecondsAt(from, "reboot_stagger_seconds");
  Take(from, "reboots", kReboots, settings.reboots);
  Take(from, "on_reboot_failure", kOnFailure, settings.on_reboot_failure);
  settings.skip_offline = from.at("skip_offline");
  settings.machine_deadline = SecondsAt(from, "machine_deadline_seconds");
  settings.run_limit = SecondsAt(from, "run_limit_seconds");
  for (const json& range : from.at("blackouts")) {
    settings.blackouts.push_back(
        Checked("blackouts", calendar::ParseDateRange(range.get<std::string>())));
  }
  settings.blackout_timezone = from.at("blackout_timezone");
  settings.notification_channels = from.at("notification_channels");
  return settings;
}

LeftOut ReadLeftOut(const json& from) {
  LeftOut left{.machine = from.at("machine"),
               .group = from.at("group"),
               .reason = LeftOutReason::kUpToDate,
               .detail = from.at("detail")};
  Take(from, "reason", kLeftOut, left.reason);
  return left;
}

Plan Read(const json& from) {
  Plan plan{.fleet = from.at("fleet"),
            .settings = ReadSettings(from.at("settings")),
            .machines = {},
            .groups = {},
            .left_out = {}};
  Take(from, "work", kWork, plan.work);
  for (const json& machine : from.at("machines")) plan.machines.push_back(ReadMachine(machine));
  for (const json& group : from.at("groups")) plan.groups.push_back(ReadGroup(group));
  for (const json& left : from.at("left_out")) plan.left_out.push_back(ReadLeftOut(left));
  return plan;
}

// Nothing that is decided later may lead outside the plan.
Result<> CheckIndices(const Plan& plan) {
  for (const PlannedGroup& group : plan.groups) {
    for (size_t index : group.dependencies) {
      if (index >= plan.groups.size())
        return Fail(ErrorCode::kCorrupt, "dependencies: no such group");
    }
    for (const Wave& wave : group.waves) {
      for (size_t index : wave.machines) {
        if (index >= plan.machines.size()) {
          return Fail(ErrorCode::kCorrupt, "waves: no such machine");
        }
      }
    }
  }
  return {};
}

}  // namespace

std::string ToJson(const Plan& plan) {
  json machines = json::array();
  for (const PlannedMachine& machine : plan.machines) machines.push_back(ToObject(machine));
  json groups = json::array();
  for (const PlannedGroup& group : plan.groups) groups.push_back(ToObject(group));
  json left_out = json::array();
  for (const LeftOut& left : plan.left_out) {
    left_out.push_back({{"machine", left.machine},
                        {"group", left.group},
                        {"reason", Name(kLeftOut, left.reason)},
                        {"detail", left.detail}});
  }
  const json to = {{"fleet", plan.fleet},
                   {"work", Name(kWork, plan.work)},
                   {"settings", ToObject(plan.settings)},
                   {"machines", std::move(machines)},
                   {"groups", std::move(groups)},
                   {"left_out", std::move(left_out)}};
  return to.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Plan> ParsePlan(std::string_view text) {
  try {
    Plan plan = Read(json::parse(text));
    if (Result<> checked = CheckIndices(plan); !checked) {
      return Fail(checked.error().Context("plan of a run"));
    }
    return plan;
  } catch (const json::exception& error) {
    return Fail(ErrorCode::kCorrupt, std::string("plan of a run: ") + error.what());
  } catch (const Unknown& error) {
    return Fail(ErrorCode::kCorrupt, "plan of a run: " + error.what);
  }
}

}  // namespace matic::fleet
