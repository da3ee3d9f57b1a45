// The `notifications` section of agent.yaml, as lib/notify takes it.
#pragma once

#include <vector>

#include "agent/config/notifications.h"
#include "lib/notify/channel.h"

namespace matic::notices {

// `notifications` is as config::Load lets it through.
std::vector<notify::Channel> MakeChannels(const config::Notifications& notifications);

}  // namespace matic::notices
