// A channel of notifications in the words of fleet.yaml. Inside this folder only.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lib/channels/channel_settings.h"

namespace matic::fleet {

// Without its name, and without what is as good as a password: of a webhook's `url` the server
// only, "https://hooks.example.com/***". Of secrets it knows where they are and no more.
nlohmann::ordered_json DescribeChannel(const channels::ChannelSettings& channel);

}  // namespace matic::fleet
