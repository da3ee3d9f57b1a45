#include "agent/engine/history.h"

#include <nlohmann/json.hpp>

#include "agent/engine/update_json.h"
#include "lib/base/utf8.h"

namespace matic::engine {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxBytes = 1u << 20;
constexpr size_t kMaxOutput = 8 * 1024;

Result<std::vector<Json>> ReadEvents(const LineLog& log) {
  MATIC_ASSIGN(const std::vector<std::string> lines, log.Read());
  std::vector<Json> events;
  for (const std::string& line : lines) {
    Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (event.is_object()) events.push_back(std::move(event));
  }
  return events;
}

RollbackRecord RecordFrom(const Json& event) {
  const Json& rollback = event.at("rollback");
  const Json& image = event.at("image");
  RollbackRecord record;
  if (Result<WallTime> time = ParseTime(event.at("time").get<std::string>())) record.time = *time;
  record.kind = rollback.at("kind") == KindName(update::RollbackKind::kAutomatic)
                    ? RollbackKind::kAutomatic
                    : RollbackKind::kManual;
  record.from = rollback.at("from");
  record.to = rollback.at("to");
  record.requested_by = rollback.at("requested_by");
  record.reason = event.at("reason");
  record.schedule_id = event.at("schedule_id");
  record.digest = image.at("digest");
  record.version = image.at("version");
  record.boot_id = event.at("boot_id");
  record.failed_boot_id = rollback.value("failed_boot_id", "");
  record.cause = ParseCause(rollback.value("cause", ""));
  return record;
}

// An end of an update, or what Note wrote.
HistoryEvent EventFrom(const Json& json) {
  HistoryEvent event;
  if (Result<WallTime> time = ParseTime(json.at("time").get<std::string>())) event.time = *time;
  event.schedule_id = json.at("schedule_id");
  event.boot_id = json.at("boot_id");
  if (json.contains("end")) {
    event.kind = json.at("end");
    event.summary = json.at("reason");
    event.version = json.at("image").at("version");
    event.digest = json.at("image").at("digest");
    if (json.contains("rollback")) {
      event.requested_by = json.at("rollback").at("requested_by");
      event.failed_boot_id = json.at("rollback").value("failed_boot_id", "");
    }
    return event;
  }
  event.kind = json.at("kind");
  event.summary = json.at("summary");
  event.requested_by = json.value("requested_by", "");
  event.version = json.value("image_version", "");
  event.digest = json.value("digest", "");
  event.output = json.value("output", "");
  return event;
}

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

History::History(std::filesystem::path file) : log_(std::move(file), kMaxBytes) {}

Result<bool> History::Record(const RecordedOutcome& outcome) {
  MATIC_ASSIGN(std::vector<Json> events, ReadEvents(log_));
  for (const Json& event : events) {
    if (event.value("id", Json()) == Json(outcome.id)) return false;
  }
  Json event = ToJson(outcome.outcome);
  event["version"] = 1;
  event["id"] = outcome.id;
  event["time"] = outcome.time;
  event["boot_id"] = outcome.boot_id;
  MATIC_TRY(log_.Append(Line(event)));
  return true;
}

Result<> History::Note(const HistoryEvent& event) {
  Json json = {{"version", 1},
               {"kind", event.kind},
               {"time", FormatTime(event.time)},
               {"boot_id", event.boot_id},
               {"schedule_id", event.schedule_id},
               {"summary", ToUtf8(event.summary)}};
  if (!event.requested_by.empty()) json["requested_by"] = event.requested_by;
  if (!event.version.empty()) json["image_version"] = event.version;
  if (!event.digest.empty()) json["digest"] = event.digest;
  if (!event.output.empty()) json["output"] = ToUtf8(event.output, kMaxOutput);
  return log_.Append(Line(json));
}

Result<std::vector<RollbackRecord>> History::Rollbacks(size_t limit) const {
  MATIC_ASSIGN(std::vector<Json> events, ReadEvents(log_));
  std::vector<RollbackRecord> records;
  for (auto it = events.rbegin(); it != events.rend(); ++it) {
    const Json& event = *it;
    if (records.size() == limit) break;
    if (!event.contains("rollback")) continue;
    try {
      records.push_back(RecordFrom(event));
    } catch (const Json::exception&) {
      continue;  // another release's; it reads it
    }
  }
  return records;
}

Result<std::vector<HistoryEvent>> History::Events(size_t limit,
                                                  std::optional<WallTime> since) const {
  MATIC_ASSIGN(std::vector<Json> lines, ReadEvents(log_));
  std::vector<HistoryEvent> events;
  for (auto it = lines.rbegin(); it != lines.rend(); ++it) {
    const Json& line = *it;
    if (events.size() == limit) break;
    try {
      HistoryEvent event = EventFrom(line);
      if (!since || event.time >= *since) events.push_back(std::move(event));
    } catch (const Json::exception&) {
      continue;  // another release's; it reads it
    }
  }
  return events;
}

}  // namespace matic::engine
