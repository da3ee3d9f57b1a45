#include "lib/notify/outbox_file.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "lib/base/json_number.h"
#include "lib/os/durable_file.h"

namespace matic::notify {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

// A full queue of the largest messages.
constexpr size_t kMaxBytes = 4u << 20;
constexpr size_t kMaxId = 64;
// Longer than any limit counts, and short enough to be reckoned with.
constexpr milliseconds kLongestAge = std::chrono::hours(24 * 365);

Json ToJson(const OutboxContent::Waiting& waiting) {
  const Message& message = waiting.message;
  Json fields = Json::array();
  for (const Field& field : message.fields) fields.push_back({field.name, field.value});
  return {{"id", waiting.id},
          {"age_ms", waiting.age.count()},
          {"level", LevelName(message.level)},
          {"event", EventName(message.event)},
          {"title", message.title},
          {"body", message.body},
          {"node", message.node},
          {"fields", fields},
          {"time", FormatTime(message.time)}};
}

milliseconds AgeFrom(const Json& json, milliseconds since) {
  const milliseconds age(WholeNumber<int64_t>(json));
  return std::clamp(age, milliseconds(0), kLongestAge) + since;
}

// Throws Json::exception.
OutboxContent::Waiting WaitingFrom(const Json& json, milliseconds since) {
  OutboxContent::Waiting waiting;
  waiting.id = json.at("id");
  // It goes into URLs and headers.
  std::erase_if(waiting.id, [](unsigned char c) { return std::isalnum(c) == 0; });
  waiting.id = waiting.id.substr(0, kMaxId);
  waiting.age = AgeFrom(json.at("age_ms"), since);
  Message& message = waiting.message;
  message.level = ParseLevel(json.at("level").get<std::string>()).value_or(Level::kInfo);
  message.event = ParseEvent(json.at("event").get<std::string>()).value_or(Event::kTest);
  message.title = json.at("title");
  message.body = json.at("body");
  message.node = json.at("node");
  for (const Json& field : json.at("fields")) {
    message.fields.push_back({field.at(0), field.at(1)});
  }
  if (const auto time = ParseTime(json.at("time").get<std::string>())) message.time = *time;
  message = Cleaned(std::move(message));
  return waiting;
}

OutboxContent ContentFrom(const Json& json, WallTime now) {
  const Result<WallTime> saved = ParseTime(json.at("saved").get<std::string>());
  milliseconds since(0);
  if (saved && now > *saved) {
    since = std::min(std::chrono::duration_cast<milliseconds>(now - *saved), kLongestAge);
  }
  OutboxContent content;
  for (const Json& waiting : json.at("queue")) content.queue.push_back(WaitingFrom(waiting, since));
  if (json.contains("held")) content.held = WaitingFrom(json.at("held"), since);
  for (const Json& age : json.at("admitted_ms")) content.admitted.push_back(AgeFrom(age, since));
  content.left_out = WholeNumber<uint64_t>(json.at("left_out"));
  return content;
}

}  // namespace

OutboxFile::OutboxFile(std::filesystem::path file) : file_(std::move(file), kMaxBytes) {}

Result<OutboxContent> OutboxFile::Load(WallTime now) {
  MATIC_ASSIGN(const std::optional<Json> kept, file_.Load());
  if (!kept) return OutboxContent{};
  try {
    return ContentFrom(*kept, now);
  } catch (const Json::exception& error) {
    return Fail(file_.Reject(error.what()));
  }
}

Result<> OutboxFile::Save(const OutboxContent& content, WallTime now) {
  Json json = {{"version", 1},
               {"saved", FormatTime(now)},
               {"queue", Json::array()},
               {"admitted_ms", Json::array()},
               {"left_out", content.left_out}};
  for (const auto& waiting : content.queue) json["queue"].push_back(ToJson(waiting));
  if (content.held) json["held"] = ToJson(*content.held);
  for (const milliseconds age : content.admitted) json["admitted_ms"].push_back(age.count());
  MATIC_TRY(MakeFolderDurably(file_.path().parent_path()));
  return file_.Save(json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace matic::notify
