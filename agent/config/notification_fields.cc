#include <algorithm>
#include <set>

#include "agent/config/fields.h"
#include "agent/config/values.h"
#include "lib/channels/channel_fields.h"

namespace matic::config {
namespace {

constexpr uint64_t kDay = 86400;

bool IsEvent(std::string_view text) {
  return std::ranges::find(kNotificationEvents, text) != std::end(kNotificationEvents);
}

const TextRule kEvent{
    "update-started, update-succeeded, update-failed, rolled-back, check-failed, long-running or "
    "certificate-expiring",
    IsEvent};

std::vector<Field> FieldsOfChannel(NotificationChannel& channel) {
  return channels::ChannelFields(channel, kEvent);
}

}  // namespace

std::vector<Field> NotificationFields(Notifications& notifications) {
  return {
      {"notifications.long_running_seconds", Seconds(notifications.long_running, 60, 30 * kDay)},
      Items("notifications.channels", notifications.channels, FieldsOfChannel,
            channels::WrongChannel),
  };
}

std::optional<std::pair<std::string, std::string>> ContradictionIn(
    const Notifications& notifications) {
  std::set<std::string> names;
  for (const NotificationChannel& channel : notifications.channels) {
    if (names.insert(channel.name).second) continue;
    return std::pair("notifications.channels", "a channel is named '" + channel.name + "' already");
  }
  return std::nullopt;
}

}  // namespace matic::config
