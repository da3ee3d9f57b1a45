#include "agent/config/fields.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace matic::config {
namespace {

constexpr size_t kMaxText = 4096;
constexpr size_t kMaxItems = 64;

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 60;
  if (text.size() <= kShown) return "'" + std::string(text) + "'";
  return "'" + std::string(text.substr(0, kShown)) + "…'";
}

std::string Describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return Quoted(node.Scalar());
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a section";
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      return "empty";
  }
  return "empty";
}

std::string Must(std::string_view rule, const YAML::Node& node) {
  return "must be " + std::string(rule) + ", is " + Describe(node);
}

bool IsPlainText(std::string_view text) {
  return text.size() <= kMaxText && std::none_of(text.begin(), text.end(), [](unsigned char c) {
           return c < 0x20 || c == 0x7f;
         });
}

// Whether a text is a value, and in words what is one.
struct TextRule {
  std::string_view words;
  bool (*holds)(std::string_view);
};

bool IsNotEmpty(std::string_view text) { return !text.empty(); }
bool IsAbsolute(std::string_view text) { return text.starts_with('/'); }

bool IsHostname(std::string_view text) {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

bool IsAddress(const std::string& host) {
  in_addr v4;
  in6_addr v6;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1;
  }
  return host == "localhost" || inet_pton(AF_INET, host.c_str(), &v4) == 1;
}

// No names but localhost: looking one up could hold up the start, or the health check of the port.
bool IsListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !IsAddress(std::string(text.substr(0, colon)))) {
    return false;
  }
  const std::string_view port = text.substr(colon + 1);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number >= 1 && number <= 65535;
}

// Names are handed to systemctl, so none may look like an option.
bool IsUnitName(std::string_view text) {
  const size_t dot = text.rfind('.');
  return dot != std::string_view::npos && dot != 0 && dot + 1 < text.size() &&
         !text.starts_with('-') && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) ||
                  std::string_view(":-_.\\@").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

constexpr TextRule kHostname{"a name of letters, digits, '.', '-' and '_'", IsHostname};
constexpr TextRule kGroup{"a group's name, or \"\" for the agent's own",
                          [](std::string_view text) { return text.empty() || IsHostname(text); }};
constexpr TextRule kAnyText{"a text that is not empty", IsNotEmpty};
constexpr TextRule kPath{"an absolute path", IsAbsolute};
constexpr TextRule kPathOrNothing{"an absolute path, or \"\"", [](std::string_view text) {
                                    return text.empty() || IsAbsolute(text);
                                  }};
constexpr TextRule kDisk{"'auto' or an absolute path",
                         [](std::string_view text) { return text == "auto" || IsAbsolute(text); }};
constexpr TextRule kListen{"ADDRESS:PORT, or \"\" for no TCP", [](std::string_view text) {
                             return text.empty() || IsListenAddress(text);
                           }};
constexpr TextRule kUnit{"a unit's name, such as 'matic-agent.service'", IsUnitName};

bool Holds(const TextRule& rule, const YAML::Node& node) {
  return node.IsScalar() && IsPlainText(node.Scalar()) && rule.holds(node.Scalar());
}

template <typename T>
FieldReader Text(T& target, TextRule rule) {
  return [&target, rule](const YAML::Node& node) -> std::optional<std::string> {
    if (!Holds(rule, node)) return Must(rule.words, node);
    target = node.Scalar();
    return std::nullopt;
  };
}

template <typename T>
FieldReader TextList(std::vector<T>& target, TextRule rule, size_t at_least) {
  return [&target, rule, at_least](const YAML::Node& node) -> std::optional<std::string> {
    if (!node.IsSequence()) return Must("a list", node);
    if (node.size() < at_least || node.size() > kMaxItems) {
      return "must have " + std::to_string(at_least) + " to " + std::to_string(kMaxItems) +
             " items, has " + std::to_string(node.size());
    }
    std::vector<T> items;
    for (const YAML::Node& item : node) {
      if (!Holds(rule, item)) return "each item " + Must(rule.words, item);
      items.emplace_back(item.Scalar());
    }
    target = std::move(items);
    return std::nullopt;
  };
}

FieldReader Flag(bool& target) {
  return [&target](const YAML::Node& node) -> std::optional<std::string> {
    if (!node.IsScalar() || (node.Scalar() != "true" && node.Scalar() != "false")) {
      return Must("true or false", node);
    }
    target = node.Scalar() == "true";
    return std::nullopt;
  };
}

FieldReader WholeNumber(std::function<void(uint64_t)> set, uint64_t low, uint64_t high) {
  return [set = std::move(set), low, high](const YAML::Node& node) -> std::optional<std::string> {
    uint64_t number = 0;
    bool good = node.IsScalar();
    if (good) {
      const std::string& text = node.Scalar();
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      good = error == std::errc() && end == text.data() + text.size() && number >= low &&
             number <= high;
    }
    if (!good) {
      return Must("a number from " + std::to_string(low) + " to " + std::to_string(high), node);
    }
    set(number);
    return std::nullopt;
  };
}

template <typename T>
FieldReader Number(T& target, uint64_t low, uint64_t high) {
  return WholeNumber([&target](uint64_t number) { target = static_cast<T>(number); }, low, high);
}

FieldReader Seconds(std::chrono::seconds& target, uint64_t low, uint64_t high) {
  return WholeNumber([&target](uint64_t number) { target = std::chrono::seconds(number); }, low,
                     high);
}

FieldReader Level(LogLevel& target) {
  return [&target](const YAML::Node& node) -> std::optional<std::string> {
    for (const LogLevel level :
         {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
      if (node.IsScalar() && node.Scalar() == LogLevelName(level)) {
        target = level;
        return std::nullopt;
      }
    }
    return Must("debug, info, warning or error", node);
  };
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::vector<Field> FieldsOf(Config& config) {
  constexpr uint64_t kDay = 86400;
  Api& api = config.api;
  Download& download = config.download;
  Health& health = config.health;
  Checks& checks = health.checks;
  return {
      {"name", Text(config.name, kHostname)},
      {"state_dir", Text(config.state_dir, kPath)},
      {"disk", Text(config.disk, kDisk)},
      {"boot_facts", Text(config.boot_facts, kPathOrNothing)},
      {"reboot_command", TextList(config.reboot_command, kAnyText, 1)},
      {"tries", Number(config.tries, 1, 15)},
      {"trial_deadline_seconds", Seconds(config.trial_deadline, 1, kDay)},
      {"api.socket", Text(api.socket, kPath)},
      {"api.socket_group", Text(api.socket_group, kGroup)},
      {"api.listen", Text(api.listen, kListen)},
      {"api.pki_dirs", TextList(api.pki_dirs, kPath, 1)},
      {"download.ca_file", Text(download.ca_file, kPathOrNothing)},
      {"download.allow_http", Flag(download.allow_http)},
      {"download.connect_timeout_seconds", Seconds(download.connect_timeout, 1, 3600)},
      {"download.low_speed_seconds", Seconds(download.low_speed, 1, 3600)},
      {"download.retries", Number(download.retries, 0, 1000)},
      {"download.retry_backoff_seconds", Seconds(download.retry_backoff, 0, 3600)},
      {"download.buffer_bytes", Number(download.buffer_bytes, 64u << 10, 256u << 20)},
      {"health.timeout_seconds", Seconds(health.timeout, 1, kDay)},
      {"health.interval_seconds", Seconds(health.interval, 1, 3600)},
      {"health.retries", Number(health.retries, 1, 1000)},
      {"health.checks.boot.critical", Flag(checks.boot.critical)},
      {"health.checks.boot.min_uptime_seconds", Seconds(checks.boot.min_uptime, 0, 3600)},
      {"health.checks.service.critical", Flag(checks.service.critical)},
      {"health.checks.service.units", TextList(checks.service.units, kUnit, 0)},
      {"health.checks.network.critical", Flag(checks.network.critical)},
      {"health.checks.api.critical", Flag(checks.api.critical)},
      {"log.level", Level(config.log.level)},
  };
}

}  // namespace matic::config
