#include "agent/config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "lib/base/utf8.h"

namespace matic::config {
namespace {

constexpr size_t kMaxText = 4096;
constexpr size_t kMaxItems = 64;

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 60;
  return "'" + ToUtf8(text, kShown) + "'";
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

bool IsPlainText(std::string_view text) {
  return text.size() <= kMaxText && std::none_of(text.begin(), text.end(), [](unsigned char c) {
           return c < 0x20 || c == 0x7f;
         });
}

bool IsNotEmpty(std::string_view text) { return !text.empty(); }

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

// systemd's rules for the names of credentials are wider.
bool IsSecret(std::string_view text) {
  return IsAbsolute(text) || (IsHostname(text) && !text.starts_with('.'));
}

}  // namespace

bool IsHostname(std::string_view text) {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

bool IsAbsolute(std::string_view text) { return text.starts_with('/'); }

const TextRule kHostname{"a name of letters, digits, '.', '-' and '_'", IsHostname};
const TextRule kGroup{"a group's name, or \"\" for the agent's own",
                      [](std::string_view text) { return text.empty() || IsHostname(text); }};
const TextRule kAnyText{"a text that is not empty", IsNotEmpty};
const TextRule kPath{"an absolute path", IsAbsolute};
const TextRule kPathOrNothing{"an absolute path, or \"\"", [](std::string_view text) {
                                return text.empty() || IsAbsolute(text);
                              }};
const TextRule kDisk{"'auto' or an absolute path",
                     [](std::string_view text) { return text == "auto" || IsAbsolute(text); }};
const TextRule kListen{"ADDRESS:PORT, or \"\" for no TCP",
                       [](std::string_view text) { return text.empty() || IsListenAddress(text); }};
const TextRule kUnit{"a unit's name, such as 'matic-agent.service'", IsUnitName};
const TextRule kSecret{"the absolute path of a file, or the name of a credential of systemd's",
                       IsSecret};
const TextRule kSecretOrNothing{
    "the absolute path of a file, the name of a credential of systemd's, or \"\"",
    [](std::string_view text) { return text.empty() || IsSecret(text); }};

std::string Must(std::string_view rule, const YAML::Node& node) {
  return "must be " + std::string(rule) + ", is " + Describe(node);
}

bool Holds(const TextRule& rule, const YAML::Node& node) {
  return node.IsScalar() && IsPlainText(node.Scalar()) && rule.holds(node.Scalar());
}

std::optional<std::string> WrongList(const YAML::Node& node, size_t at_least) {
  if (!node.IsSequence()) return Must("a list", node);
  if (node.size() >= at_least && node.size() <= kMaxItems) return std::nullopt;
  return "must have " + std::to_string(at_least) + " to " + std::to_string(kMaxItems) +
         " items, has " + std::to_string(node.size());
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

FieldReader Decimal(double& target, double low, double high) {
  return [&target, low, high](const YAML::Node& node) -> std::optional<std::string> {
    double number = 0;
    bool good = node.IsScalar();
    if (good) {
      const std::string& text = node.Scalar();
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
      good = error == std::errc() && end == text.data() + text.size() && number >= low &&
             number <= high;
    }
    if (!good) {
      std::ostringstream rule;
      rule << "a number from " << low << " to " << high;
      return Must(rule.str(), node);
    }
    target = number;
    return std::nullopt;
  };
}

}  // namespace matic::config
