// One message to several channels, now, for somebody who waits for what comes of it.
#pragma once

#include <vector>

#include "lib/notify/courier.h"
#include "lib/notify/notifier.h"

namespace matic::notify {

// One attempt a channel, all at the same time, each within its timeout: a report for each, in
// their order. Levels, events and rate limits do not count: each of `channels` gets it.
std::vector<DeliveryReport> DeliverOnce(const std::vector<Channel>& channels,
                                        const Courier& courier, const Message& message);

}  // namespace matic::notify
