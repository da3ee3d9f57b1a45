// What values may be, and how they are taken.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/names.h"
#include "lib/base/result.h"
#include "lib/settings/fields.h"

namespace matic::settings {

// Whether a text is a value, and in words what is one.
struct TextRule {
  std::string_view words;
  bool (*holds)(std::string_view);
};

bool IsAbsolute(std::string_view text);
bool IsHostname(std::string_view text);

extern const TextRule kHostname;
extern const TextRule kAnyText;
extern const TextRule kPath;
extern const TextRule kPathOrNothing;
// What ReadSecret of lib/os/secret.h takes.
extern const TextRule kSecret;
extern const TextRule kSecretOrNothing;

// Plain text (no control characters, at most 4096 bytes) that the rule takes.
bool Holds(const TextRule& rule, const Value& value);
// "must be an absolute path, is 'vda'".
std::string Must(std::string_view rule, const Value& value);
// "must have 1 to 64 items, has 0".
std::string WrongCount(size_t count, size_t at_least, size_t at_most);
// Nothing where it is a list of so many items.
std::optional<std::string> WrongList(const Value& value, size_t at_least,
                                     size_t at_most = kMaxItems);

template <typename T>
FieldReader Text(T& target, TextRule rule) {
  return [&target, rule](const Value& value) -> std::optional<std::string> {
    if (!Holds(rule, value)) return Must(rule.words, value);
    target = value.text;
    return std::nullopt;
  };
}

template <typename T>
FieldReader TextList(std::vector<T>& target, TextRule rule, size_t at_least) {
  return [&target, rule, at_least](const Value& value) -> std::optional<std::string> {
    if (auto wrong = WrongList(value, at_least)) return wrong;
    std::vector<T> items;
    for (const Value& item : value.items) {
      if (!Holds(rule, item)) return "each item " + Must(rule.words, item);
      items.emplace_back(item.text);
    }
    target = std::move(items);
    return std::nullopt;
  };
}

// A text of which `parse` makes something; what is wrong with one is said there.
template <typename Target, typename T>
FieldReader Parsed(Target& target, std::string_view words, Result<T> (*parse)(std::string_view)) {
  return [&target, words, parse](const Value& value) -> std::optional<std::string> {
    if (!Holds(kAnyText, value)) return Must(words, value);
    Result<T> parsed = parse(value.text);
    if (!parsed) return parsed.error().message;
    target = std::move(*parsed);
    return std::nullopt;
  };
}

template <typename T>
FieldReader ParsedList(std::vector<T>& target, Result<T> (*parse)(std::string_view),
                       size_t at_most = kMaxItems) {
  return [&target, parse, at_most](const Value& value) -> std::optional<std::string> {
    if (auto wrong = WrongList(value, 0, at_most)) return wrong;
    std::vector<T> items;
    for (const Value& item : value.items) {
      if (!Holds(kAnyText, item)) return "each item " + Must(kAnyText.words, item);
      Result<T> parsed = parse(item.text);
      if (!parsed) return parsed.error().message;
      items.push_back(std::move(*parsed));
    }
    target = std::move(items);
    return std::nullopt;
  };
}

// A text that `check` finds nothing wrong with.
FieldReader Checked(std::string& target, std::string_view words,
                    Result<> (*check)(const std::string&));

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
  return [&target, choices](const Value& value) -> std::optional<std::string> {
    std::string words;
    for (size_t i = 0; i < choices.size(); ++i) {
      if (value.IsText() && value.text == choices[i].first) {
        target = choices[i].second;
        return std::nullopt;
      }
      if (i > 0) words += i + 1 == choices.size() ? " or " : ", ";
      words += choices[i].first;
    }
    return Must(words, value);
  };
}

// One of the names that the values have anyway.
template <typename T, size_t N>
FieldReader Choice(T& target, const Names<T, N>& names) {
  std::vector<std::pair<std::string_view, T>> choices;
  for (const auto& [value, name] : names) choices.emplace_back(name, value);
  return Choice<T>(target, std::move(choices));
}

}  // namespace matic::settings
