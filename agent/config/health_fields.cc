#include <algorithm>
#include <set>

#include "agent/config/fields.h"
#include "agent/config/values.h"
#include "lib/base/host_port.h"
#include "lib/pattern/pattern.h"

namespace matic::config {
namespace {

constexpr uint64_t kDay = 86400;

// The checks that have no name of their own in the file have these.
constexpr std::string_view kBuiltIn[] = {"boot",   "service", "network",      "api", "disk",
                                         "memory", "load",    "failed_units", "time"};

bool IsCheckName(std::string_view text) { return IsHostname(text) && text.size() <= 64; }

bool IsHostAndPort(std::string_view text) {
  const auto place = ParseHostPort(text);
  return place && place->port != 0;
}

bool IsWebUrl(std::string_view text) {
  const size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  return scheme > 0 && text.size() > scheme && text.find(' ') == std::string_view::npos;
}

const TextRule kCheckName{"a name of at most 64 letters, digits, '.', '-' and '_'", IsCheckName};
const TextRule kHostAndPort{"HOST:PORT", IsHostAndPort};
const TextRule kWebUrl{"an http:// or https:// URL", IsWebUrl};
const TextRule kText{"a text", [](std::string_view) { return true; }};
const TextRule kUnitOrNothing{
    "a unit's name, such as 'matic-agent.service', or \"\"",
    [](std::string_view text) { return text.empty() || kUnit.holds(text); }};

FieldReader Regex(std::string& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    if (!Holds(kText, value)) return Must("a regular expression", value);
    const auto pattern = Pattern::Compile(value.text);
    if (!pattern) return "must be a regular expression: " + pattern.error().message;
    target = value.text;
    return std::nullopt;
  };
}

// One number, or a list of them.
FieldReader StatusCodes(std::vector<uint32_t>& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    std::vector<uint32_t> codes;
    uint32_t code = 0;
    const FieldReader read = Number(code, 200, 599);
    if (!value.IsList()) {
      if (auto wrong = read(value)) return wrong;
      codes = {code};
    } else {
      if (auto wrong = WrongList(value, 1)) return wrong;
      for (const Value& item : value.items) {
        if (auto wrong = read(item)) return "each item " + *wrong;
        codes.push_back(code);
      }
    }
    target = std::move(codes);
    return std::nullopt;
  };
}

void Append(std::vector<Field>& fields, std::vector<Field> more) {
  std::ranges::move(more, std::back_inserter(fields));
}

std::vector<Field> TryFields(const std::string& prefix, CheckSettings& settings) {
  return {
      {prefix + "timeout_seconds", Seconds(settings.timeout, 1, kDay)},
      {prefix + "retries", Number(settings.retries, 1, 1000)},
      {prefix + "interval_seconds", Seconds(settings.interval, 1, 3600)},
      {prefix + "after_seconds", Seconds(settings.after, 0, kDay)},
  };
}

std::vector<Field> SettingsFields(const std::string& check, CheckSettings& settings) {
  const std::string prefix = "health.checks." + check + ".";
  std::vector<Field> fields = {{prefix + "enabled", Flag(settings.enabled)},
                               {prefix + "critical", Flag(settings.critical)}};
  Append(fields, TryFields(prefix, settings));
  return fields;
}

// What each item of a list of checks has.
std::vector<Field> NamedFields(std::string& name, CheckSettings& settings) {
  std::vector<Field> fields = {{"name", Text(name, kCheckName)},
                               {"critical", Flag(settings.critical)}};
  Append(fields, TryFields("", settings));
  return fields;
}

std::vector<Field> JournalFields(JournalCheck& check) {
  using P = JournalPriority;
  std::vector<Field> fields = NamedFields(check.name, check.settings);
  Append(fields, {{"pattern", Text(check.pattern, kText)},
                  {"priority", Choice<P>(check.priority, {{"emerg", P::kEmergency},
                                                          {"alert", P::kAlert},
                                                          {"crit", P::kCritical},
                                                          {"err", P::kError},
                                                          {"warning", P::kWarning},
                                                          {"notice", P::kNotice},
                                                          {"info", P::kInfo},
                                                          {"debug", P::kDebug}})},
                  {"unit", Text(check.unit, kUnitOrNothing)},
                  {"max_matches", Number(check.max_matches, 0, 1000)}});
  return fields;
}

std::vector<Field> TcpFields(TcpCheck& check) {
  std::vector<Field> fields = NamedFields(check.name, check.settings);
  Append(fields, {{"address", Text(check.address, kHostAndPort)}});
  return fields;
}

std::vector<Field> HttpFields(HttpCheck& check) {
  std::vector<Field> fields = NamedFields(check.name, check.settings);
  Append(fields, {{"url", Text(check.url, kWebUrl)},
                  {"status", StatusCodes(check.status)},
                  {"contains", Text(check.contains, kText)},
                  {"matches", Regex(check.matches)},
                  {"ca_file", Text(check.ca_file, kPathOrNothing)}});
  return fields;
}

std::optional<std::string> Needs(std::string_view key, bool has) {
  if (has) return std::nullopt;
  return "needs `" + std::string(key) + "`";
}

std::optional<std::string> WrongJournal(const JournalCheck& check) {
  return Needs("name", !check.name.empty());
}

std::optional<std::string> WrongTcp(const TcpCheck& check) {
  if (auto wrong = Needs("name", !check.name.empty())) return wrong;
  return Needs("address", !check.address.empty());
}

std::optional<std::string> WrongHttp(const HttpCheck& check) {
  if (auto wrong = Needs("name", !check.name.empty())) return wrong;
  return Needs("url", !check.url.empty());
}

std::vector<Field> MachineFields(Checks& checks) {
  return {
      {"health.checks.boot.min_uptime_seconds", Seconds(checks.boot.min_uptime, 0, 3600)},
      {"health.checks.service.units", TextList(checks.service.units, kUnit, 0)},
      {"health.checks.disk.paths", TextList(checks.disk.paths, kPath, 1)},
      {"health.checks.disk.min_free_percent", Number(checks.disk.min_free_percent, 0, 99)},
      {"health.checks.disk.min_free_bytes", Number(checks.disk.min_free_bytes, 0, UINT64_MAX)},
      {"health.checks.memory.min_available_percent",
       Number(checks.memory.min_available_percent, 1, 99)},
      {"health.checks.load.max_per_cpu", Decimal(checks.load.max_per_cpu, 0.1, 1000)},
      {"health.checks.failed_units.ignored", TextList(checks.failed_units.ignored, kUnit, 0)},
      {"health.checks.scripts.enabled", Flag(checks.scripts.settings.enabled)},
      {"health.checks.scripts.dirs", TextList(checks.scripts.dirs, kPath, 0)},
      Items("health.checks.journal", checks.journal, JournalFields, WrongJournal),
      Items("health.checks.tcp", checks.tcp, TcpFields, WrongTcp),
      Items("health.checks.http", checks.http, HttpFields, WrongHttp),
  };
}

// A check that begins when the time is over would fail every trial.
std::optional<std::pair<std::string, std::string>> LateCheck(const Health& health) {
  const Checks& checks = health.checks;
  const std::string after_key = ".after_seconds";
  std::vector<std::pair<std::string, std::chrono::seconds>> begins = {
      {"boot" + after_key, checks.boot.settings.after},
      {"service" + after_key, checks.service.settings.after},
      {"network" + after_key, checks.network.settings.after},
      {"api" + after_key, checks.api.settings.after},
      {"disk" + after_key, checks.disk.settings.after},
      {"memory" + after_key, checks.memory.settings.after},
      {"load" + after_key, checks.load.settings.after},
      {"failed_units" + after_key, checks.failed_units.settings.after},
      {"time" + after_key, checks.time.settings.after},
      {"scripts" + after_key, checks.scripts.settings.after}};
  for (const JournalCheck& check : checks.journal)
    begins.emplace_back("journal", check.settings.after);
  for (const TcpCheck& check : checks.tcp) begins.emplace_back("tcp", check.settings.after);
  for (const HttpCheck& check : checks.http) begins.emplace_back("http", check.settings.after);
  for (const auto& [key, after] : begins) {
    if (after < health.timeout) continue;
    return std::pair("health.checks." + key, "must begin before health.timeout_seconds (" +
                                                 std::to_string(health.timeout.count()) + "), is " +
                                                 std::to_string(after.count()));
  }
  return std::nullopt;
}

}  // namespace

std::vector<Field> HealthFields(Health& health) {
  Checks& checks = health.checks;
  std::vector<Field> fields = {
      {"health.timeout_seconds", Seconds(health.timeout, 1, kDay)},
      {"health.interval_seconds", Seconds(health.interval, 1, 3600)},
      {"health.retries", Number(health.retries, 1, 1000)},
      {"health.settle_seconds", Seconds(health.settle, 0, 3600)},
  };
  Append(fields, SettingsFields("boot", checks.boot.settings));
  Append(fields, SettingsFields("service", checks.service.settings));
  Append(fields, SettingsFields("network", checks.network.settings));
  Append(fields, SettingsFields("api", checks.api.settings));
  Append(fields, SettingsFields("disk", checks.disk.settings));
  Append(fields, SettingsFields("memory", checks.memory.settings));
  Append(fields, SettingsFields("load", checks.load.settings));
  Append(fields, SettingsFields("failed_units", checks.failed_units.settings));
  Append(fields, SettingsFields("time", checks.time.settings));
  Append(fields, TryFields("health.checks.scripts.", checks.scripts.settings));
  Append(fields, MachineFields(checks));
  return fields;
}

std::optional<std::pair<std::string, std::string>> ContradictionIn(const Health& health) {
  if (auto wrong = LateCheck(health)) return wrong;
  std::set<std::string, std::less<>> names(std::begin(kBuiltIn), std::end(kBuiltIn));
  const auto taken =
      [&](const auto& list,
          std::string_view key) -> std::optional<std::pair<std::string, std::string>> {
    for (const auto& check : list) {
      if (names.insert(check.name).second) continue;
      return std::pair("health.checks." + std::string(key),
                       "a check is named '" + check.name + "' already");
    }
    return std::nullopt;
  };
  if (auto wrong = taken(health.checks.journal, "journal")) return wrong;
  if (auto wrong = taken(health.checks.tcp, "tcp")) return wrong;
  return taken(health.checks.http, "http");
}

}  // namespace matic::config
