// A channel of notifications as people write it in a file of settings (docs/reference/agent.md,
// docs/reference/fleet.md). Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/names.h"
#include "lib/notify/channel.h"

namespace matic::channels {

enum class ChannelType { kNone, kEmail, kDiscord, kSlack, kWebhook, kMatrix, kCommand };
inline constexpr Names<ChannelType, 6> kChannelTypes{{
    {ChannelType::kEmail, "email"},
    {ChannelType::kDiscord, "discord"},
    {ChannelType::kSlack, "slack"},
    {ChannelType::kWebhook, "webhook"},
    {ChannelType::kMatrix, "matrix"},
    {ChannelType::kCommand, "command"},
}};

// Secrets are the absolute path of a file, or the name of a systemd credential (lib/os/secret.h):
// never what is secret itself.
struct ChannelSettings {
  std::string name;
  ChannelType type = ChannelType::kNone;
  notify::Level min_level = notify::Level::kInfo;
  std::vector<std::string> events;  // empty: all
  uint32_t limit_messages = 20;
  std::chrono::seconds limit_period{3600};
  std::chrono::seconds timeout{30};
  std::filesystem::path ca_file;  // PEM; empty: the system's

  // email
  std::string host;
  uint16_t port = 0;  // 0: the usual one of `security`
  notify::MailSecurity security = notify::MailSecurity::kStartTls;
  std::string user;
  std::string password_secret;
  std::string from;
  std::vector<std::string> to;

  // discord, slack, webhook, matrix
  std::string url;
  std::string url_secret;
  std::string token_secret;
  std::string homeserver;
  std::string room;

  std::vector<std::string> command;

  bool operator==(const ChannelSettings&) const = default;
};

// "email", "discord", …; empty for kNone.
std::string_view NameOf(ChannelType type);

// `settings` is as ChannelFields and WrongChannel (channel_fields.h) let it through.
notify::Channel MakeChannel(const ChannelSettings& settings);
std::vector<notify::Channel> MakeChannels(const std::vector<ChannelSettings>& settings);

}  // namespace matic::channels
