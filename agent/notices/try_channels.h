// Whether channels work, for who has just set them up.
#pragma once

#include <string>
#include <vector>

#include "lib/notify/courier.h"
#include "lib/notify/notifier.h"

namespace matic::notices {

// One attempt a channel, each within its timeout; rate limits do not count.
std::vector<notify::DeliveryReport> TryChannels(const std::vector<notify::Channel>& channels,
                                                const notify::Courier& courier,
                                                const std::string& node, WallTime now);

}  // namespace matic::notices
