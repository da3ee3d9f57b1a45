// A message as the receivers of webhooks read it: each within the limits that its service sets.
#pragma once

#include <string>

#include "lib/notify/outbox.h"

namespace matic::notify {

// Each takes a parcel whose message is Cleaned, and returns JSON.

// {"version": 1, "id", "level", "event", "title", "body", "node", "time", "fields": {…},
// "left_out": 0, "text": headline and everything else as plain text}. Receivers that know only
// {"text": …} (Mattermost, Rocket.Chat, a Matrix bridge) show it too.
std::string GenericJson(const Parcel& parcel);

// One embed, nobody is mentioned, markup in the texts is shown as it is
// (https://discord.com/developers/docs/resources/message#embed-object-embed-limits).
std::string DiscordJson(const Parcel& parcel);

// Blocks of plain text (https://api.slack.com/reference/block-kit/blocks).
std::string SlackJson(const Parcel& parcel);

// An m.room.message that mentions nobody.
std::string MatrixJson(const Parcel& parcel);

}  // namespace matic::notify
