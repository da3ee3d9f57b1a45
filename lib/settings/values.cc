#include "lib/settings/values.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

#include "lib/base/utf8.h"

namespace matic::settings {
namespace {

constexpr size_t kMaxText = 4096;

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 60;
  return "'" + ToUtf8(text, kShown) + "'";
}

std::string Describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kText:
      return Quoted(value.text);
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kSection:
      return "a section";
    case Value::Kind::kEmpty:
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
const TextRule kAnyText{"a text that is not empty", IsNotEmpty};
const TextRule kPath{"an absolute path", IsAbsolute};
const TextRule kPathOrNothing{"an absolute path, or \"\"", [](std::string_view text) {
                                return text.empty() || IsAbsolute(text);
                              }};
const TextRule kSecret{"the absolute path of a file, or the name of a credential of systemd's",
                       IsSecret};
const TextRule kSecretOrNothing{
    "the absolute path of a file, the name of a credential of systemd's, or \"\"",
    [](std::string_view text) { return text.empty() || IsSecret(text); }};

std::string Must(std::string_view rule, const Value& value) {
  return "must be " + std::string(rule) + ", is " + Describe(value);
}

bool Holds(const TextRule& rule, const Value& value) {
  return value.IsText() && IsPlainText(value.text) && rule.holds(value.text);
}

std::string WrongCount(size_t count, size_t at_least, size_t at_most) {
  return "must have " + std::to_string(at_least) + " to " + std::to_string(at_most) +
         " items, has " + std::to_string(count);
}

std::optional<std::string> WrongList(const Value& value, size_t at_least, size_t at_most) {
  if (!value.IsList()) return Must("a list", value);
  const size_t count = value.items.size();
  if (count >= at_least && count <= at_most) return std::nullopt;
  return WrongCount(count, at_least, at_most);
}

FieldReader Checked(std::string& target, std::string_view words,
                    Result<> (*check)(const std::string&)) {
  return [&target, words, check](const Value& value) -> std::optional<std::string> {
    if (!Holds(kAnyText, value)) return Must(words, value);
    if (const Result<> right = check(value.text); !right) return right.error().message;
    target = value.text;
    return std::nullopt;
  };
}

FieldReader Flag(bool& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    if (!value.IsText() || (value.text != "true" && value.text != "false")) {
      return Must("true or false", value);
    }
    target = value.text == "true";
    return std::nullopt;
  };
}

FieldReader WholeNumber(std::function<void(uint64_t)> set, uint64_t low, uint64_t high) {
  return [set = std::move(set), low, high](const Value& value) -> std::optional<std::string> {
    uint64_t number = 0;
    bool good = value.IsText();
    if (good) {
      const std::string& text = value.text;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      good = error == std::errc() && end == text.data() + text.size() && number >= low &&
             number <= high;
    }
    if (!good) {
      return Must("a number from " + std::to_string(low) + " to " + std::to_string(high), value);
    }
    set(number);
    return std::nullopt;
  };
}

FieldReader Decimal(double& target, double low, double high) {
  return [&target, low, high](const Value& value) -> std::optional<std::string> {
    double number = 0;
    bool good = value.IsText();
    if (good) {
      const std::string& text = value.text;
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
      good = error == std::errc() && end == text.data() + text.size() && number >= low &&
             number <= high;
    }
    if (!good) {
      std::ostringstream rule;
      rule << "a number from " << low << " to " << high;
      return Must(rule.str(), value);
    }
    target = number;
    return std::nullopt;
  };
}

}  // namespace matic::settings
