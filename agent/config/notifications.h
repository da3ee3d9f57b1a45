// Who is told what: the `notifications` section of agent.yaml.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace matic::config {

enum class ChannelType { kNone, kEmail, kDiscord, kSlack, kWebhook, kMatrix, kCommand };
enum class NotificationLevel { kInfo, kWarning, kError };
enum class MailSecurity { kStartTls, kTls };

// What a channel may be limited to, by the names that people write.
inline constexpr std::string_view kNotificationEvents[] = {
    "update-started", "update-succeeded", "update-failed",       "rolled-back",
    "check-failed",   "long-running",     "certificate-expiring"};

// Secrets are the absolute path of a file, or the name of a systemd credential (lib/os/secret.h).
struct NotificationChannel {
  std::string name;
  ChannelType type = ChannelType::kNone;
  NotificationLevel min_level = NotificationLevel::kInfo;
  std::vector<std::string> events;  // empty: all
  uint32_t limit_messages = 20;
  std::chrono::seconds limit_period{3600};
  std::chrono::seconds timeout{30};
  std::filesystem::path ca_file;  // PEM; empty: the system's

  // email
  std::string host;
  uint16_t port = 0;  // 0: the usual one of `security`
  MailSecurity security = MailSecurity::kStartTls;
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

  bool operator==(const NotificationChannel&) const = default;
};

struct Notifications {
  // An update that has been in one phase for so long is told of.
  std::chrono::seconds long_running{3600};
  std::vector<NotificationChannel> channels;

  bool operator==(const Notifications&) const = default;
};

}  // namespace matic::config
