#include "agent/api/timing.h"

#include <google/protobuf/repeated_field.h>

#include "agent/api/translate.h"

namespace matic::api {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

// Half the range of a 64-bit count of nanoseconds, which WallTime is made of.
constexpr int64_t kMaxSeconds = INT64_MAX / 1'000'000'000 / 2;

Result<std::optional<WallTime>> ToWallTime(bool given, const google::protobuf::Timestamp& time,
                                           const char* field) {
  if (!given) return std::optional<WallTime>();
  if (time.seconds() < 0 || time.seconds() > kMaxSeconds || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return Fail(ErrorCode::kInvalidArgument, std::string("timing.") + field + " is no moment");
  }
  return std::optional(WallTime(std::chrono::seconds(time.seconds())));
}

std::vector<std::string> ToVector(const Texts& texts) { return {texts.begin(), texts.end()}; }

void Add(const std::vector<std::string>& texts, Texts& field) {
  for (const std::string& text : texts) *field.Add() = text;
}

}  // namespace

Result<calendar::Rules> ToRules(const v1::Timing& timing) {
  calendar::RulesText text;
  text.timezone = timing.timezone();
  text.windows = ToVector(timing.windows());
  text.download_windows = ToVector(timing.download_windows());
  text.install_windows = ToVector(timing.install_windows());
  text.reboot_windows = ToVector(timing.reboot_windows());
  text.blackouts = ToVector(timing.blackouts());
  text.random_delay = std::to_string(timing.random_delay_seconds());
  text.minimum_uptime = std::to_string(timing.min_uptime_seconds());
  text.emergency = timing.emergency();
  auto rules = calendar::ParseRules(text);
  if (!rules) return Fail(rules.error().Context("timing"));
  MATIC_ASSIGN(rules->at, ToWallTime(timing.has_at(), timing.at(), "at"));
  MATIC_ASSIGN(rules->not_before,
               ToWallTime(timing.has_not_before(), timing.not_before(), "not_before"));
  MATIC_ASSIGN(rules->not_after,
               ToWallTime(timing.has_not_after(), timing.not_after(), "not_after"));
  if (auto sound = calendar::CheckRules(*rules); !sound) {
    return Fail(sound.error().Context("timing"));
  }
  return rules;
}

v1::Timing ToMessage(const calendar::Rules& rules, std::chrono::seconds reboot_delay) {
  const calendar::RulesText text = calendar::FormatRules(rules);
  v1::Timing timing;
  if (rules.at) *timing.mutable_at() = ToTimestamp(*rules.at);
  if (rules.not_before) *timing.mutable_not_before() = ToTimestamp(*rules.not_before);
  if (rules.not_after) *timing.mutable_not_after() = ToTimestamp(*rules.not_after);
  timing.set_timezone(text.timezone);
  Add(text.windows, *timing.mutable_windows());
  Add(text.download_windows, *timing.mutable_download_windows());
  Add(text.install_windows, *timing.mutable_install_windows());
  Add(text.reboot_windows, *timing.mutable_reboot_windows());
  Add(text.blackouts, *timing.mutable_blackouts());
  timing.set_random_delay_seconds(static_cast<uint32_t>(rules.random_delay.count()));
  timing.set_min_uptime_seconds(static_cast<uint32_t>(rules.minimum_uptime.count()));
  timing.set_reboot_delay_seconds(static_cast<uint32_t>(reboot_delay.count()));
  timing.set_emergency(rules.emergency);
  return timing;
}

}  // namespace matic::api
