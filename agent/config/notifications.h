// Who is told what: the `notifications` section of agent.yaml.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "lib/channels/channel_settings.h"

namespace matic::config {

using NotificationChannel = channels::ChannelSettings;

// What a channel may be limited to, by the names that people write.
inline constexpr std::string_view kNotificationEvents[] = {
    "update-started", "update-succeeded", "update-failed",       "rolled-back",
    "check-failed",   "long-running",     "certificate-expiring"};

struct Notifications {
  // An update that has been in one phase for so long is told of.
  std::chrono::seconds long_running{3600};
  std::vector<NotificationChannel> channels;

  bool operator==(const Notifications&) const = default;
};

}  // namespace matic::config
