#include "agent/config/notifications.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/notify/mail.h"
#include "lib/notify/message.h"
#include "lib/notify/web_url.h"
#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

class NotificationsConfigTest : public ConfigFolder {
 protected:
  std::string ChannelComplaint(const std::string& channel) {
    return Complaint("notifications:\n  channels:\n    - {" + channel + "}\n");
  }
};

TEST_F(NotificationsConfigTest, EveryTypeOfChannelHasItsKeys) {
  const auto config = LoadText(R"(
notifications:
  long_running_seconds: 600
  channels:
    - name: team-mail
      type: email
      min_level: warning
      events: [update-failed, rolled-back]
      limit_messages: 5
      limit_seconds: 600
      timeout_seconds: 10
      ca_file: /etc/ssl/mail.pem
      host: mail.example.com
      port: 2465
      security: tls
      user: agent
      password_secret: smtp-password
      from: agent@example.com
      to: [ops@example.com, on-call@example.com]
    - {name: chat, type: discord, url_secret: /etc/matic/secrets/discord}
    - {name: slack, type: slack, url_secret: slack-url}
    - {name: hook, type: webhook, url: "https://example.com/hook", token_secret: hook-token}
    - {name: bridge, type: webhook, url_secret: bridge-url}
    - {name: room, type: matrix, homeserver: "https://matrix.example.com", room: "!a:example.com", token_secret: matrix}
    - {name: program, type: command, command: [/usr/local/bin/tell, --now]}
)");
  ASSERT_TRUE(config) << config.error().message;
  const Notifications& told = config->notifications;
  EXPECT_EQ(told.long_running, seconds(600));
  ASSERT_EQ(told.channels.size(), 7u);
  NotificationChannel mail;
  mail.name = "team-mail";
  mail.type = channels::ChannelType::kEmail;
  mail.min_level = notify::Level::kWarning;
  mail.events = {"update-failed", "rolled-back"};
  mail.limit_messages = 5;
  mail.limit_period = seconds(600);
  mail.timeout = seconds(10);
  mail.ca_file = "/etc/ssl/mail.pem";
  mail.host = "mail.example.com";
  mail.port = 2465;
  mail.security = notify::MailSecurity::kTls;
  mail.user = "agent";
  mail.password_secret = "smtp-password";
  mail.from = "agent@example.com";
  mail.to = {"ops@example.com", "on-call@example.com"};
  EXPECT_EQ(told.channels[0], mail);
  EXPECT_EQ(told.channels[5].room, "!a:example.com");
  EXPECT_EQ(told.channels[6].command, (std::vector<std::string>{"/usr/local/bin/tell", "--now"}));
}

TEST_F(NotificationsConfigTest, NobodyIsToldByDefault) {
  EXPECT_EQ(LoadText("")->notifications, Notifications());
  EXPECT_TRUE(LoadText("")->notifications.channels.empty());
}

TEST_F(NotificationsConfigTest, AChannelThatCannotWorkIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"type: slack, url_secret: x", "needs `name`"},
      {"name: a", "needs `type`"},
      {"name: a, type: slack", "needs `url_secret`"},
      {"name: a, type: discord, url_secret: x, room: '!a:b'", "`room` is not for a channel"},
      {"name: a, type: slack, url: 'https://x.example'", "`url` is not for a channel"},
      {"name: a, type: webhook", "needs one of `url` and `url_secret`"},
      {"name: a, type: webhook, url: 'https://x', url_secret: x", "needs one of `url`"},
      {"name: a, type: matrix, room: '!a:b', token_secret: x", "needs `homeserver`"},
      {"name: a, type: command", "needs `command`"},
      {"name: a, type: email, host: h, from: a@b", "needs `to`"},
      {"name: a, type: email, host: h, from: a@b, to: [c@d], user: u",
       "needs both of `user` and `password_secret`"},
      {"name: a, type: email, host: h, from: a@b, to: [c@d], url: 'https://x'",
       "`url` is not for a channel"},
  };
  for (const auto& [channel, wrong] : cases) {
    EXPECT_THAT(ChannelComplaint(channel),
                StartsWith("agent.yaml:3: notifications.channels[0]: " + wrong))
        << channel;
  }
}

TEST_F(NotificationsConfigTest, ValuesThatAreNoneAreRefusedWithTheirKey) {
  const std::pair<std::string, std::string> cases[] = {
      {"type: pigeon", "type: must be email, discord, slack, webhook, matrix or command"},
      {"min_level: fatal", "min_level: must be info, warning or error"},
      {"events: [tea]", "events: each item must be update-started,"},
      {"events: []", "events: must have 1 to 64 items"},
      {"limit_messages: 0", "limit_messages: must be a number from 1 to 1000"},
      {"url: 'http://example.com/x'", "url: must be an https:// URL"},
      {"url: 'https://'", "url: must be an https:// URL"},
      {"url_secret: ../x", "url_secret: must be the absolute path"},
      {"from: 'A <a@b>'", "from: must be an e-mail address"},
      {"to: [\"a@b\\r\\nBcc: c@d\"]", "to: each item must be an e-mail address"},
      {"room: ops", "room: must be a room's id"},
      {"command: []", "command: must have 1 to 64 items"},
      {"port: 70000", "port: must be a number from 1 to 65535"},
      {"password: hunter2", "password: no such key"},
  };
  for (const auto& [entry, wrong] : cases) {
    EXPECT_THAT(ChannelComplaint(entry),
                StartsWith("agent.yaml:3: notifications.channels[0]." + wrong))
        << entry;
  }
}

TEST_F(NotificationsConfigTest, AUrlIsTakenWhereDeliveryTakesIt) {
  const std::pair<const char*, bool> cases[] = {
      {"https://hooks.example.com/T0/x?k=v", true},
      {"HTTPS://hooks.example.com:8443", true},
      {"https://user:word@hooks.example.com/", true},
      {"http://localhost:9/hook", true},
      {"http://127.0.0.1/hook", true},
      {"http://127.1.2.3/hook", true},
      {"http://[::1]:80/", true},
      {"http://localhost.example.com/hook", false},
      {"http://127.0.0.1.example.com/hook", false},
      {"http://127.0.0.1@example.com/hook", false},
      {"http://example.com/hook", false},
      {"https://", false},
      {"https://a b/", false},
      {"https://hooks.example.com/a b", false},
      {"https://hooks.example.com:port/", false},
      {"ftp://localhost/", false},
      {"hooks.example.com", false},
  };
  for (const auto& [url, taken] : cases) {
    EXPECT_EQ(notify::ParseWebUrl(url).has_value(), taken) << url;
    const std::string text = url;
    EXPECT_EQ(ChannelComplaint("name: a, type: webhook, url: '" + text + "'"),
              taken
                  ? "taken"
                  : "agent.yaml:3: notifications.channels[0].url: must be an https:// URL (http:// "
                    "to this machine itself only), is '" +
                        text + "'");
    EXPECT_EQ(
        ChannelComplaint("name: a, type: matrix, room: '!a:b', token_secret: x, homeserver: '" +
                         text + "'") == "taken",
        taken)
        << url;
  }
}

TEST_F(NotificationsConfigTest, AMailAddressIsTakenWhereDeliveryTakesIt) {
  for (const std::string address :
       {"a@b", "ops+matic@mail.example.com", "a@b_c", "a@", "@b", "-f@b", "a@b@c", "a b@c"}) {
    EXPECT_EQ(ChannelComplaint("name: a, type: email, host: h, from: a@b, to: ['" + address +
                               "']") == "taken",
              notify::IsMailAddress(address))
        << address;
  }
}

TEST_F(NotificationsConfigTest, ANameIsGivenOnce) {
  EXPECT_THAT(Complaint("notifications:\n  channels:\n"
                        "    - {name: a, type: command, command: [x]}\n"
                        "    - {name: a, type: command, command: [y]}\n"),
              HasSubstr("a channel is named 'a' already"));
}

TEST_F(NotificationsConfigTest, EventsAreThoseThatCanBeSent) {
  for (const std::string_view event : kNotificationEvents) {
    EXPECT_TRUE(notify::ParseEvent(event)) << event;
  }
}

TEST_F(NotificationsConfigTest, MetricsCanBeSwitchedOff) {
  EXPECT_EQ(LoadText("metrics: {listen: \"\"}")->metrics.listen, "");
  EXPECT_EQ(LoadText("metrics: {listen: \"[::1]:9000\"}")->metrics.listen, "[::1]:9000");
  EXPECT_THAT(Complaint("metrics: {listen: everywhere}"),
              StartsWith("agent.yaml:1: metrics.listen: must be ADDRESS:PORT"));
}

}  // namespace
}  // namespace matic::config
