#include "osctl/fleet/inventory/describe_channel.h"

#include <nlohmann/json.hpp>
#include <string>

namespace matic::fleet {
namespace {

using Json = nlohmann::ordered_json;

void PutText(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

std::string_view LevelIn(notify::Level level) {
  switch (level) {
    case notify::Level::kInfo:
      return "info";
    case notify::Level::kWarning:
      return "warning";
    case notify::Level::kError:
      break;
  }
  return "error";
}

std::string ServerOf(const std::string& url) {
  const size_t host = url.find("//");
  const size_t path = host == std::string::npos ? host : url.find_first_of("/?#", host + 2);
  if (path == std::string::npos || path + 1 == url.size()) return url;
  return url.substr(0, path) + "/***";
}

}  // namespace

Json DescribeChannel(const channels::ChannelSettings& channel) {
  Json object = {{"type", channels::NameOf(channel.type)},
                 {"minLevel", LevelIn(channel.min_level)}};
  if (!channel.events.empty()) object["events"] = channel.events;
  object["limitMessages"] = channel.limit_messages;
  object["limitSeconds"] = channel.limit_period.count();
  object["timeoutSeconds"] = channel.timeout.count();
  PutText(object, "caFile", channel.ca_file.string());
  PutText(object, "host", channel.host);
  if (channel.port != 0) object["port"] = channel.port;
  if (channel.type == channels::ChannelType::kEmail) {
    object["security"] = channel.security == notify::MailSecurity::kTls ? "tls" : "starttls";
  }
  PutText(object, "user", channel.user);
  PutText(object, "passwordSecret", channel.password_secret);
  PutText(object, "from", channel.from);
  if (!channel.to.empty()) object["to"] = channel.to;
  PutText(object, "url", ServerOf(channel.url));
  PutText(object, "urlSecret", channel.url_secret);
  PutText(object, "tokenSecret", channel.token_secret);
  PutText(object, "homeserver", channel.homeserver);
  PutText(object, "room", channel.room);
  if (!channel.command.empty()) object["command"] = channel.command;
  return object;
}

}  // namespace matic::fleet
