// Where messages go, as somebody set it up.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "lib/notify/message.h"

namespace matic::notify {

// Secrets are given as lib/os/secret.h takes them: the absolute path of a file, or the name of a
// systemd credential. Each is read anew for each message.
using SecretSource = std::string;

enum class MailSecurity {
  kStartTls,  // a plain connection that must become TLS before anything is said (port 587)
  kTls,       // TLS from the first byte (port 465)
};

struct Email {
  std::string host;
  uint16_t port = 0;  // 0: 587 or 465
  MailSecurity security = MailSecurity::kStartTls;
  std::string ca_file;    // PEM; empty: the system's
  std::string user;       // empty: no login
  SecretSource password;  // with `user`
  std::string from;       // bare addresses: "agent@example.com"
  std::vector<std::string> to;
};

// https://discord.com/developers/docs/resources/webhook: the URL is the secret.
struct Discord {
  SecretSource url;
  std::string ca_file;
};

// https://api.slack.com/messaging/webhooks: the URL is the secret.
struct Slack {
  SecretSource url;
  std::string ca_file;
};

// The message as JSON (payload.h), sent with POST. One of `url` and `url_secret`.
struct Webhook {
  std::string url;
  SecretSource url_secret;
  SecretSource token;  // for "Authorization: Bearer"; empty: none
  std::string ca_file;
};

// A room that the token's user has joined (Matrix client-server API v1.1, "send").
struct Matrix {
  std::string homeserver;  // https://matrix.example.com
  std::string room;        // !id:example.com
  SecretSource token;
  std::string ca_file;
};

// Gets the text on stdin and the rest in its environment (courier.h). Exit code 0: delivered.
struct Program {
  std::vector<std::string> argv;
};

struct RateLimit {
  uint32_t messages = 20;  // 0 is 1
  std::chrono::seconds period{3600};
};

struct Channel {
  std::string name;
  std::variant<Email, Discord, Slack, Webhook, Matrix, Program> target;
  Level min_level = Level::kInfo;
  std::vector<Event> events;  // empty: all
  RateLimit rate_limit;
  std::chrono::seconds timeout{30};  // of one attempt
};

// Whether the channel wants the message. Event::kTest always, Event::kSaid by its level.
bool Takes(const Channel& channel, const Message& message);

}  // namespace matic::notify
