#include "agent/notices/try_channels.h"

#include <utility>

namespace matic::notices {

std::vector<notify::DeliveryReport> TryChannels(const std::vector<notify::Channel>& channels,
                                                const notify::Courier& courier,
                                                const std::string& node, WallTime now) {
  notify::Message message;
  message.level = notify::Level::kInfo;
  message.event = notify::Event::kTest;
  message.title = "Test";
  message.body = "Somebody tries whether this channel works. It does.";
  message.node = node;
  message.time = now;
  std::vector<notify::DeliveryReport> reports;
  for (const notify::Channel& channel : channels) {
    const std::string id = "test" + std::to_string(now.time_since_epoch().count());
    notify::Attempt attempt = courier.Deliver(
        channel, {.id = id, .message = notify::Cleaned(message), .left_out = 0}, {});
    const bool failed = attempt.error.has_value();
    reports.push_back({.channel = channel.name,
                       .title = message.title,
                       .error = std::move(attempt.error),
                       .given_up = failed});
  }
  return reports;
}

}  // namespace matic::notices
