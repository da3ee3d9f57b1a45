#include "osctl/fleet/inventory/values.h"

#include <charconv>
#include <optional>
#include <utility>

#include "lib/calendar/moment.h"
#include "lib/calendar/rules.h"
#include "lib/settings/values.h"
#include "osctl/fleet/inventory/fields.h"

namespace matic::fleet {

using settings::FieldReader;
using settings::Must;
using settings::Value;

FieldReader Duration(std::chrono::seconds& target, std::chrono::seconds low,
                     std::chrono::seconds high) {
  return [&target, low, high](const Value& value) -> std::optional<std::string> {
    if (value.IsText()) {
      const auto duration = calendar::ParseDuration(value.text);
      if (duration && *duration >= low && *duration <= high) {
        target = *duration;
        return std::nullopt;
      }
    }
    return Must("a duration such as 90s or 1h30m, from " + calendar::FormatDuration(low) + " to " +
                    calendar::FormatDuration(high),
                value);
  };
}

FieldReader Limit(FailureLimit& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    FailureLimit limit;
    if (value.IsText()) {
      const std::string& text = value.text;
      limit.percent = text.ends_with('%');
      const char* last = text.data() + text.size() - (limit.percent ? 1 : 0);
      const auto [end, error] = std::from_chars(text.data(), last, limit.value);
      if (error == std::errc() && end == last &&
          limit.value <= (limit.percent ? 100 : kMaxMachines)) {
        target = limit;
        return std::nullopt;
      }
    }
    return Must("a number from 0 to " + std::to_string(kMaxMachines) + ", or 0% to 100%", value);
  };
}

FieldReader Names(std::vector<Located>& target, size_t at_most) {
  return [&target, at_most](const Value& value) -> std::optional<std::string> {
    if (auto wrong = settings::WrongList(value, 0, at_most)) return wrong;
    std::vector<Located> names;
    for (const Value& item : value.items) {
      if (!item.IsText() || !IsFleetName(item.text)) {
        return "each item " + Must(kNameWords, item);
      }
      names.push_back({item.text, item.line});
    }
    target = std::move(names);
    return std::nullopt;
  };
}

FieldReader Windows(std::vector<calendar::Window>& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    if (value.IsList()) {
      return settings::ParsedList(target, calendar::ParseWindow, calendar::kMaxWindows)(value);
    }
    calendar::Window window;
    constexpr std::string_view kWords = "a window, such as 'Mon-Fri 22:00-04:00', or a list";
    if (auto wrong = settings::Parsed(window, kWords, calendar::ParseWindow)(value)) return wrong;
    target = {window};
    return std::nullopt;
  };
}

FieldReader Program(std::vector<std::string>& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    if (value.IsList()) return settings::TextList(target, settings::kAnyText, 1)(value);
    std::string program;
    if (auto wrong = settings::Text(program, settings::kAnyText)(value)) return wrong;
    target = {program};
    return std::nullopt;
  };
}

FieldReader Zone(std::string& target) {
  return settings::Checked(target, "a time zone's name, such as Europe/Berlin",
                           calendar::CheckZone);
}

}  // namespace matic::fleet
