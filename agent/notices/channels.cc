#include "agent/notices/channels.h"

#include <variant>

namespace matic::notices {
namespace {

using config::NotificationChannel;

using Target = decltype(notify::Channel::target);

notify::Email EmailOf(const NotificationChannel& channel) {
  return {.host = channel.host,
          .port = channel.port,
          .security = channel.security == config::MailSecurity::kTls
                          ? notify::MailSecurity::kTls
                          : notify::MailSecurity::kStartTls,
          .ca_file = channel.ca_file,
          .user = channel.user,
          .password = channel.password_secret,
          .from = channel.from,
          .to = channel.to};
}

Target TargetOf(const NotificationChannel& channel) {
  switch (channel.type) {
    case config::ChannelType::kEmail:
      return EmailOf(channel);
    case config::ChannelType::kDiscord:
      return notify::Discord{channel.url_secret, channel.ca_file};
    case config::ChannelType::kSlack:
      return notify::Slack{channel.url_secret, channel.ca_file};
    case config::ChannelType::kWebhook:
      return notify::Webhook{channel.url, channel.url_secret, channel.token_secret,
                             channel.ca_file};
    case config::ChannelType::kMatrix:
      return notify::Matrix{channel.homeserver, channel.room, channel.token_secret,
                            channel.ca_file};
    case config::ChannelType::kNone:
    case config::ChannelType::kCommand:
      break;
  }
  return notify::Program{channel.command};
}

notify::Level LevelOf(config::NotificationLevel level) {
  switch (level) {
    case config::NotificationLevel::kInfo:
      return notify::Level::kInfo;
    case config::NotificationLevel::kWarning:
      return notify::Level::kWarning;
    case config::NotificationLevel::kError:
      break;
  }
  return notify::Level::kError;
}

}  // namespace

std::vector<notify::Channel> MakeChannels(const config::Notifications& notifications) {
  std::vector<notify::Channel> channels;
  for (const NotificationChannel& from : notifications.channels) {
    notify::Channel channel{
        .name = from.name,
        .target = TargetOf(from),
        .min_level = LevelOf(from.min_level),
        .events = {},
        .rate_limit = {.messages = from.limit_messages, .period = from.limit_period},
        .timeout = from.timeout};
    for (const std::string& name : from.events) {
      if (const auto event = notify::ParseEvent(name)) channel.events.push_back(*event);
    }
    channels.push_back(std::move(channel));
  }
  return channels;
}

}  // namespace matic::notices
