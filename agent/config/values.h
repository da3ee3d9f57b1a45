// What a value of agent.yaml may be, and how it is taken. Inside this folder only, like fields.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/fields.h"

namespace matic::config {

// Whether a text is a value, and in words what is one.
struct TextRule {
  std::string_view words;
  bool (*holds)(std::string_view);
};

bool IsAbsolute(std::string_view text);
bool IsHostname(std::string_view text);

extern const TextRule kHostname;
extern const TextRule kGroup;
extern const TextRule kAnyText;
extern const TextRule kPath;
extern const TextRule kPathOrNothing;
extern const TextRule kDisk;
extern const TextRule kListen;
extern const TextRule kUnit;
// What ReadSecret of lib/os/secret.h takes.
extern const TextRule kSecret;
extern const TextRule kSecretOrNothing;

// Plain text (no control characters, at most 4096 bytes) that the rule takes.
bool Holds(const TextRule& rule, const YAML::Node& node);
// "must be an absolute path, is 'vda'".
std::string Must(std::string_view rule, const YAML::Node& node);
// Nothing where it is a list of `at_least` to 64 items.
std::optional<std::string> WrongList(const YAML::Node& node, size_t at_least);

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
    if (auto wrong = WrongList(node, at_least)) return wrong;
    std::vector<T> items;
    for (const YAML::Node& item : node) {
      if (!Holds(rule, item)) return "each item " + Must(rule.words, item);
      items.emplace_back(item.Scalar());
    }
    target = std::move(items);
    return std::nullopt;
  };
}

FieldReader Flag(bool& target);

FieldReader WholeNumber(std::function<void(uint64_t)> set, uint64_t low, uint64_t high);

// Into a number, or an optional one.
template <typename T>
FieldReader Number(T& target, uint64_t low, uint64_t high) {
  return WholeNumber([&target](uint64_t number) { target = static_cast<T>(number); }, low, high);
}

// Into a duration, or an optional one.
template <typename T>
FieldReader Seconds(T& target, uint64_t low, uint64_t high) {
  return WholeNumber(
      [&target](uint64_t number) {
        target = std::chrono::seconds(static_cast<std::chrono::seconds::rep>(number));
      },
      low, high);
}

// A number that need not be whole, such as 1.5.
FieldReader Decimal(double& target, double low, double high);

// One of a few words.
template <typename T>
FieldReader Choice(T& target, std::vector<std::pair<std::string_view, T>> choices) {
  return [&target, choices](const YAML::Node& node) -> std::optional<std::string> {
    std::string words;
    for (size_t i = 0; i < choices.size(); ++i) {
      if (node.IsScalar() && node.Scalar() == choices[i].first) {
        target = choices[i].second;
        return std::nullopt;
      }
      if (i > 0) words += i + 1 == choices.size() ? " or " : ", ";
      words += choices[i].first;
    }
    return Must(words, node);
  };
}

}  // namespace matic::config
