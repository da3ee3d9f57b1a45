#include "lib/channels/channel_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::channels {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

ChannelSettings Named(const std::string& name, ChannelType type) {
  ChannelSettings channel;
  channel.name = name;
  channel.type = type;
  channel.ca_file = "/etc/ca.pem";
  return channel;
}

TEST(ChannelSettingsTest, WhatAllHave) {
  ChannelSettings from = Named("on-call", ChannelType::kSlack);
  from.min_level = notify::Level::kWarning;
  from.events = {"update-failed", "rolled-back"};
  from.limit_messages = 7;
  from.limit_period = 90s;
  from.timeout = 11s;
  const notify::Channel channel = MakeChannel(from);
  EXPECT_EQ(channel.name, "on-call");
  EXPECT_EQ(channel.min_level, notify::Level::kWarning);
  EXPECT_THAT(channel.events,
              ElementsAre(notify::Event::kUpdateFailed, notify::Event::kRolledBack));
  EXPECT_EQ(channel.rate_limit.messages, 7u);
  EXPECT_EQ(channel.rate_limit.period, 90s);
  EXPECT_EQ(channel.timeout, 11s);
}

TEST(ChannelSettingsTest, Mail) {
  ChannelSettings from = Named("mail", ChannelType::kEmail);
  from.host = "mail.example.com";
  from.port = 2525;
  from.security = notify::MailSecurity::kTls;
  from.user = "agent";
  from.password_secret = "smtp-password";
  from.from = "agent@example.com";
  from.to = {"ops@example.com"};
  const auto email = std::get<notify::Email>(MakeChannel(from).target);
  EXPECT_EQ(email.host, "mail.example.com");
  EXPECT_EQ(email.port, 2525);
  EXPECT_EQ(email.security, notify::MailSecurity::kTls);
  EXPECT_EQ(email.ca_file, "/etc/ca.pem");
  EXPECT_EQ(email.user, "agent");
  EXPECT_EQ(email.password, "smtp-password");
  EXPECT_EQ(email.from, "agent@example.com");
  EXPECT_THAT(email.to, ElementsAre("ops@example.com"));
}

TEST(ChannelSettingsTest, WebhooksAndChats) {
  ChannelSettings from = Named("hook", ChannelType::kWebhook);
  from.url = "https://hooks.example.com";
  from.token_secret = "/etc/token";
  const auto webhook = std::get<notify::Webhook>(MakeChannel(from).target);
  EXPECT_EQ(webhook.url, "https://hooks.example.com");
  EXPECT_EQ(webhook.url_secret, "");
  EXPECT_EQ(webhook.token, "/etc/token");
  EXPECT_EQ(webhook.ca_file, "/etc/ca.pem");

  from = Named("chat", ChannelType::kDiscord);
  from.url_secret = "/etc/url";
  EXPECT_EQ(std::get<notify::Discord>(MakeChannel(from).target).url, "/etc/url");
  from.type = ChannelType::kSlack;
  EXPECT_EQ(std::get<notify::Slack>(MakeChannel(from).target).url, "/etc/url");

  from = Named("room", ChannelType::kMatrix);
  from.homeserver = "https://matrix.example.com";
  from.room = "!ops:example.com";
  from.token_secret = "matrix-token";
  const auto matrix = std::get<notify::Matrix>(MakeChannel(from).target);
  EXPECT_EQ(matrix.homeserver, "https://matrix.example.com");
  EXPECT_EQ(matrix.room, "!ops:example.com");
  EXPECT_EQ(matrix.token, "matrix-token");
}

TEST(ChannelSettingsTest, ACommand) {
  ChannelSettings from = Named("pager", ChannelType::kCommand);
  from.command = {"/usr/bin/page", "ops"};
  EXPECT_THAT(std::get<notify::Program>(MakeChannel(from).target).argv,
              ElementsAre("/usr/bin/page", "ops"));
}

}  // namespace
}  // namespace matic::channels
