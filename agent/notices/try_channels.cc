#include "agent/notices/try_channels.h"

#include "lib/notify/deliver_once.h"

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
  return notify::DeliverOnce(channels, courier, message);
}

}  // namespace matic::notices
