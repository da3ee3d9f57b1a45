#include "lib/channels/channel_settings.h"

#include <utility>
#include <variant>

namespace matic::channels {
namespace {

using Target = decltype(notify::Channel::target);

notify::Email EmailOf(const ChannelSettings& channel) {
  return {.host = channel.host,
          .port = channel.port,
          .security = channel.security,
          .ca_file = channel.ca_file,
          .user = channel.user,
          .password = channel.password_secret,
          .from = channel.from,
          .to = channel.to};
}

Target TargetOf(const ChannelSettings& channel) {
  switch (channel.type) {
    case ChannelType::kEmail:
      return EmailOf(channel);
    case ChannelType::kDiscord:
      return notify::Discord{channel.url_secret, channel.ca_file};
    case ChannelType::kSlack:
      return notify::Slack{channel.url_secret, channel.ca_file};
    case ChannelType::kWebhook:
      return notify::Webhook{channel.url, channel.url_secret, channel.token_secret,
                             channel.ca_file};
    case ChannelType::kMatrix:
      return notify::Matrix{channel.homeserver, channel.room, channel.token_secret,
                            channel.ca_file};
    case ChannelType::kNone:
    case ChannelType::kCommand:
      break;
  }
  return notify::Program{channel.command};
}

}  // namespace

std::string_view NameOf(ChannelType type) { return NameIn(kChannelTypes, type); }

notify::Channel MakeChannel(const ChannelSettings& settings) {
  notify::Channel channel{
      .name = settings.name,
      .target = TargetOf(settings),
      .min_level = settings.min_level,
      .events = {},
      .rate_limit = {.messages = settings.limit_messages, .period = settings.limit_period},
      .timeout = settings.timeout};
  for (const std::string& name : settings.events) {
    if (const auto event = notify::ParseEvent(name)) channel.events.push_back(*event);
  }
  return channel;
}

std::vector<notify::Channel> MakeChannels(const std::vector<ChannelSettings>& settings) {
  std::vector<notify::Channel> channels;
  for (const ChannelSettings& one : settings) channels.push_back(MakeChannel(one));
  return channels;
}

}  // namespace matic::channels
