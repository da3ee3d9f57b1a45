#include "lib/channels/channel_fields.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "lib/notify/mail.h"
#include "lib/notify/web_url.h"

namespace matic::channels {
namespace {

using notify::MailSecurity;
using settings::Choice;
using settings::Field;
using settings::kAnyText;
using settings::kHostname;
using settings::kPathOrNothing;
using settings::kSecret;
using settings::Number;
using settings::Seconds;
using settings::Text;
using settings::TextList;
using settings::TextRule;
using Type = ChannelType;

constexpr uint64_t kDay = 86400;

bool IsChannelName(std::string_view text) {
  return settings::IsHostname(text) && text.size() <= 64;
}

// As delivery reads it: what it would refuse is told here, and nothing else is.
bool IsPostableUrl(std::string_view text) {
  return notify::ParseWebUrl(std::string(text)).has_value();
}

const TextRule kMailAddress{"an e-mail address, such as 'ops@example.com'", notify::IsMailAddress};
const TextRule kPostableUrl{"an https:// URL (http:// to this machine itself only)", IsPostableUrl};
const TextRule kRoom{"a room's id, such as '!abc:example.com'", [](std::string_view text) {
                       return text.starts_with('!') && text.find(' ') == std::string_view::npos;
                     }};
// A key that only some types of channel have.
struct Key {
  std::string_view name;
  bool is_set;
  std::initializer_list<Type> needed_by;
  std::initializer_list<Type> taken_by;
};

bool Has(std::initializer_list<Type> types, Type type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

const TextRule kChannelName{"a name of at most 64 letters, digits, '.', '-' and '_'",
                            IsChannelName};

std::vector<Field> ChannelFields(ChannelSettings& channel, TextRule event) {
  return {
      {"name", Text(channel.name, kChannelName)},
      {"type", Choice(channel.type, kChannelTypes)},
      {"min_level", Choice(channel.min_level, notify::kLevelNames)},
      {"events", TextList(channel.events, event, 1)},
      {"limit_messages", Number(channel.limit_messages, 1, 1000)},
      {"limit_seconds", Seconds(channel.limit_period, 1, kDay)},
      {"timeout_seconds", Seconds(channel.timeout, 1, 600)},
      {"ca_file", Text(channel.ca_file, kPathOrNothing)},
      {"host", Text(channel.host, kHostname)},
      {"port", Number(channel.port, 1, 65535)},
      {"security", Choice<MailSecurity>(channel.security, {{"starttls", MailSecurity::kStartTls},
                                                           {"tls", MailSecurity::kTls}})},
      {"user", Text(channel.user, kAnyText)},
      {"password_secret", Text(channel.password_secret, kSecret)},
      {"from", Text(channel.from, kMailAddress)},
      {"to", TextList(channel.to, kMailAddress, 1)},
      {"url", Text(channel.url, kPostableUrl)},
      {"url_secret", Text(channel.url_secret, kSecret)},
      {"token_secret", Text(channel.token_secret, kSecret)},
      {"homeserver", Text(channel.homeserver, kPostableUrl)},
      {"room", Text(channel.room, kRoom)},
      {"command", TextList(channel.command, kAnyText, 1)},
  };
}

std::optional<std::string> WrongChannel(const ChannelSettings& channel) {
  if (channel.name.empty()) return "needs `name`";
  if (channel.type == Type::kNone) return "needs `type`";
  const Key keys[] = {
      {"host", !channel.host.empty(), {Type::kEmail}, {}},
      {"port", channel.port != 0, {}, {Type::kEmail}},
      {"security", channel.security != MailSecurity::kStartTls, {}, {Type::kEmail}},
      {"user", !channel.user.empty(), {}, {Type::kEmail}},
      {"password_secret", !channel.password_secret.empty(), {}, {Type::kEmail}},
      {"from", !channel.from.empty(), {Type::kEmail}, {}},
      {"to", !channel.to.empty(), {Type::kEmail}, {}},
      {"url", !channel.url.empty(), {}, {Type::kWebhook}},
      {"url_secret", !channel.url_secret.empty(), {Type::kDiscord, Type::kSlack}, {Type::kWebhook}},
      {"token_secret", !channel.token_secret.empty(), {Type::kMatrix}, {Type::kWebhook}},
      {"homeserver", !channel.homeserver.empty(), {Type::kMatrix}, {}},
      {"room", !channel.room.empty(), {Type::kMatrix}, {}},
      {"command", !channel.command.empty(), {Type::kCommand}, {}},
  };
  for (const Key& key : keys) {
    const std::string name = "`" + std::string(key.name) + "`";
    if (Has(key.needed_by, channel.type) && !key.is_set) return "needs " + name;
    if (key.is_set && !Has(key.needed_by, channel.type) && !Has(key.taken_by, channel.type)) {
      return name + " is not for a channel of this type";
    }
  }
  if (channel.type == Type::kWebhook && channel.url.empty() == channel.url_secret.empty()) {
    return "needs one of `url` and `url_secret`";
  }
  if (channel.user.empty() != channel.password_secret.empty()) {
    return "needs both of `user` and `password_secret`, or none";
  }
  return std::nullopt;
}

}  // namespace matic::channels
