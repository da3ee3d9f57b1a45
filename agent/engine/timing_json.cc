#include "agent/engine/timing_json.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.h"

namespace matic::engine {
namespace {

using Json = nlohmann::json;
using calendar::RulesText;

// Each key with its field, for both directions.
template <typename Text, typename Visitor>
void ForEachText(Text& text, Visitor visit) {
  visit("timezone", text.timezone);
  visit("at", text.at);
  visit("not_before", text.not_before);
  visit("not_after", text.not_after);
  visit("random_delay", text.random_delay);
  visit("min_uptime", text.minimum_uptime);
}

template <typename Text, typename Visitor>
void ForEachList(Text& text, Visitor visit) {
  visit("windows", text.windows);
  visit("download_windows", text.download_windows);
  visit("install_windows", text.install_windows);
  visit("reboot_windows", text.reboot_windows);
  visit("blackouts", text.blackouts);
}

}  // namespace

Json TimingJson(const calendar::Rules& rules) {
  const RulesText text = calendar::FormatRules(rules);
  Json json = Json::object();
  const auto add = [&](const char* key, const auto& value) {
    if (!value.empty()) json[key] = value;
  };
  ForEachText(text, add);
  ForEachList(text, add);
  if (rules.emergency) json["emergency"] = true;
  if (rules.created) json["created"] = FormatTime(*rules.created);
  return json;
}

calendar::Rules TimingFrom(const Json& json) {
  RulesText text;
  ForEachText(text, [&](const char* key, std::string& value) { value = json.value(key, ""); });
  ForEachList(text, [&](const char* key, std::vector<std::string>& value) {
    value = json.value(key, std::vector<std::string>());
  });
  text.emergency = json.value("emergency", false);
  Result<calendar::Rules> rules = calendar::ParseRules(text);
  if (!rules) {
    spdlog::warn("the times of an update cannot be kept to any more: {}", rules.error().message);
    calendar::Rules expired;
    expired.not_after = WallTime{};
    return expired;
  }
  if (json.contains("created")) {
    if (Result<WallTime> created = ParseTime(json.at("created").get<std::string>())) {
      rules->created = *created;
    }
  }
  return *rules;
}

}  // namespace matic::engine
