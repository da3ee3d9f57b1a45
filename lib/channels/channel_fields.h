// The keys of one channel of notifications in a file of settings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/channels/channel_settings.h"
#include "lib/settings/fields.h"
#include "lib/settings/values.h"

namespace matic::channels {

extern const settings::TextRule kChannelName;

// In snake_case, bound to `channel`, which must outlive what is returned. `event` says which events
// a channel may be limited to.
std::vector<settings::Field> ChannelFields(ChannelSettings& channel, settings::TextRule event);

// What is wrong with a channel whose keys are each right: "needs `host`".
std::optional<std::string> WrongChannel(const ChannelSettings& channel);

}  // namespace matic::channels
