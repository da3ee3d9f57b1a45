#include "lib/notify/channel.h"

#include <algorithm>

namespace matic::notify {

bool Takes(const Channel& channel, const Message& message) {
  if (message.event == Event::kTest) return true;
  if (message.level < channel.min_level) return false;
  if (message.event == Event::kSaid) return true;
  return channel.events.empty() || std::find(channel.events.begin(), channel.events.end(),
                                             message.event) != channel.events.end();
}

}  // namespace matic::notify
