#include "lib/notify/payload.h"

#include <nlohmann/json.hpp>

#include "lib/notify/text.h"

namespace matic::notify {
namespace {

using Json = nlohmann::json;

// An embed may have 6000 characters in all. Escaped texts are cut after escaping.
constexpr size_t kDiscordTitle = 256;
constexpr size_t kDiscordBody = 2800;
constexpr size_t kDiscordFields = 10;
constexpr size_t kDiscordFieldName = 60;
constexpr size_t kDiscordFieldValue = 200;
constexpr size_t kDiscordFooter = 256;

constexpr size_t kSlackHeader = 150;
constexpr size_t kSlackText = 3000;
constexpr size_t kSlackFields = 10;
constexpr size_t kSlackFieldText = 2000;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

int DiscordColour(Level level) {
  switch (level) {
    case Level::kInfo:
      return 0x2e7d32;
    case Level::kWarning:
      return 0xf9a825;
    case Level::kError:
      return 0xc62828;
  }
  return 0;
}

std::string WithoutDiscordMarkup(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("\\*_~`|>#[]<-").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string WithoutSlackMarkup(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The note comes first here, so that a body that is cut cannot take it along.
std::string NoteBefore(const std::string& body, uint64_t left_out) {
  const std::string note = LeftOutNote(left_out);
  return body.empty() || note.empty() ? note + body : note + "\n\n" + body;
}

Json PlainTextObject(const std::string& text, size_t limit) {
  return {{"type", "plain_text"}, {"text", Shorten(text, limit)}, {"emoji", false}};
}

std::string Origin(const Message& message) {
  std::string origin = std::string(LevelName(message.level)) + ", " +
                       std::string(EventName(message.event)) + ", " + FormatTime(message.time);
  return message.node.empty() ? origin : message.node + ", " + origin;
}

}  // namespace

std::string GenericJson(const Parcel& parcel) {
  const Message& message = parcel.message;
  Json fields = Json::object();
  for (const Field& field : message.fields) fields[field.name] = field.value;
  return Dump({{"version", 1},
               {"id", parcel.id},
               {"level", LevelName(message.level)},
               {"event", EventName(message.event)},
               {"title", message.title},
               {"body", message.body},
               {"node", message.node},
               {"time", FormatTime(message.time)},
               {"fields", fields},
               {"left_out", parcel.left_out},
               {"text", Headline(message) + "\n" + PlainText(message, parcel.left_out)}});
}

std::string DiscordJson(const Parcel& parcel) {
  const Message& message = parcel.message;
  Json fields = Json::array();
  for (const Field& field : message.fields) {
    if (fields.size() == kDiscordFields) break;
    if (field.name.empty() || field.value.empty()) continue;  // refused by Discord
    fields.push_back({{"name", Shorten(WithoutDiscordMarkup(field.name), kDiscordFieldName)},
                      {"value", Shorten(WithoutDiscordMarkup(field.value), kDiscordFieldValue)},
                      {"inline", true}});
  }
  const std::string body = NoteBefore(WithoutDiscordMarkup(message.body), parcel.left_out);
  return Dump({{"allowed_mentions", {{"parse", Json::array()}}},
               {"embeds",
                {{{"title", Shorten(WithoutDiscordMarkup(Headline(message)), kDiscordTitle)},
                  {"description", Shorten(body, kDiscordBody)},
                  {"color", DiscordColour(message.level)},
                  {"fields", fields},
                  {"timestamp", FormatTime(message.time)},
                  {"footer", {{"text", Shorten(Origin(message), kDiscordFooter)}}}}}}});
}

std::string SlackJson(const Parcel& parcel) {
  const Message& message = parcel.message;
  Json blocks = Json::array();
  blocks.push_back(
      {{"type", "header"}, {"text", PlainTextObject(Headline(message), kSlackHeader)}});
  if (const std::string body = NoteBefore(message.body, parcel.left_out); !body.empty()) {
    blocks.push_back({{"type", "section"}, {"text", PlainTextObject(body, kSlackText)}});
  }
  Json fields = Json::array();
  for (const Field& field : message.fields) {
    if (fields.size() == kSlackFields) break;
    fields.push_back(PlainTextObject(field.name + ": " + field.value, kSlackFieldText));
  }
  if (!fields.empty()) blocks.push_back({{"type", "section"}, {"fields", fields}});
  blocks.push_back(
      {{"type", "context"},
       {"elements", Json::array({PlainTextObject(Origin(message), kSlackFieldText)})}});
  return Dump({{"text", WithoutSlackMarkup(Headline(message))}, {"blocks", blocks}});
}

std::string MatrixJson(const Parcel& parcel) {
  const std::string text =
      Headline(parcel.message) + "\n\n" + PlainText(parcel.message, parcel.left_out);
  return Dump({{"msgtype", "m.text"}, {"body", text}, {"m.mentions", Json::object()}});
}

}  // namespace matic::notify
