#include "agent/engine/state_store.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/engine/update_json.h"
#include "lib/base/names.h"

namespace matic::engine {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 1u << 20;
constexpr int kVersion = 1;
constexpr Names<FollowUp, 3> kFollowUps{
    {{FollowUp::kDone, "done"}, {FollowUp::kDue, "due"}, {FollowUp::kAgain, "again"}}};
// A state of the update that this release could not read, for a person or a newer agent.
constexpr const char* kNotUnderstood = "update_not_understood";

std::string TextAt(const Json& json, const char* key) {
  auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

uint32_t NumberAt(const Json& json, const char* key, uint32_t fallback) {
  auto it = json.find(key);
  if (it == json.end() || !it->is_number_unsigned()) return fallback;
  const auto number = it->get<uint64_t>();
  return std::in_range<uint32_t>(number) ? static_cast<uint32_t>(number) : fallback;
}

// Tolerant: whatever can be read is, since a verdict forgotten is an update tried in vain.
std::vector<QuarantineEntry> QuarantineFrom(const Json& json) {
  std::vector<QuarantineEntry> entries;
  auto list = json.find("quarantine");
  if (list == json.end() || !list->is_array()) return entries;
  for (const Json& item : *list) {
    if (!item.is_object()) continue;
    entries.push_back({.digest = TextAt(item, "digest"),
                       .strikes = NumberAt(item, "strikes", 0),
                       .quarantined = item.value("quarantined", Json()) == Json(true),
                       .reason = TextAt(item, "reason"),
                       .time = TextAt(item, "time")});
  }
  // The newest are behind. More of them than are kept would make a file that is not read again.
  if (entries.size() > kMaxQuarantine) {
    entries.erase(entries.begin(), entries.end() - std::ptrdiff_t{kMaxQuarantine});
  }
  return entries;
}

// Keeps the unknown keys of an entry that was there before.
Json QuarantineJson(const std::vector<QuarantineEntry>& entries, const Json& before) {
  Json list = Json::array();
  for (const QuarantineEntry& entry : entries) {
    Json item = Json::object();
    if (auto old = before.find("quarantine"); old != before.end() && old->is_array()) {
      for (const Json& candidate : *old) {
        if (candidate.is_object() && TextAt(candidate, "digest") == entry.digest) item = candidate;
      }
    }
    item["digest"] = entry.digest;
    item["strikes"] = entry.strikes;
    item["quarantined"] = entry.quarantined;
    item["reason"] = entry.reason;
    item["time"] = entry.time;
    list.push_back(std::move(item));
  }
  return list;
}

// An older agent's end has none, and followed it at once.
FollowUp FollowUpFrom(const Json& outcome) {
  return ValueIn(kFollowUps, TextAt(outcome, "follow_up")).value_or(FollowUp::kDone);
}

std::optional<RecordedOutcome> OutcomeFrom(const Json& json) {
  auto it = json.find("last_outcome");
  if (it == json.end() || !it->is_object()) return std::nullopt;
  Result<update::Outcome> outcome = OutcomeFromJson(*it);
  if (!outcome) return std::nullopt;
  return RecordedOutcome{.id = TextAt(*it, "id"),
                         .time = TextAt(*it, "time"),
                         .boot_id = TextAt(*it, "boot_id"),
                         .outcome = *outcome,
                         .follow_up = FollowUpFrom(*it)};
}

std::optional<StandingCause> CauseFrom(const Json& json) {
  auto it = json.find("common_cause");
  if (it == json.end() || !it->is_object()) return std::nullopt;
  StandingCause cause{.runs = TextAt(*it, "runs"),
                      .checks = {},
                      .reason = TextAt(*it, "reason"),
                      .version = TextAt(*it, "version"),
                      .schedule_id = TextAt(*it, "schedule_id"),
                      .time = TextAt(*it, "time")};
  for (const Json& check : it->value("checks", Json::array())) {
    if (check.is_string()) cause.checks.push_back(check);
  }
  return cause;
}

}  // namespace

struct StateStore::Document {
  Json json = Json::object();
};

StateStore::StateStore(std::filesystem::path file)
    : file_(std::move(file), kMaxFileBytes), document_(std::make_unique<Document>()) {}
StateStore::~StateStore() = default;

StateStore::Loaded StateStore::Load() {
  Loaded loaded;
  Result<std::optional<Json>> kept = file_.Load();
  if (!kept) {
    loaded.problem = "the state could not be read: " + kept.error().message;
    return loaded;
  }
  if (!*kept) return loaded;
  document_->json = **kept;
  const Json& json = **kept;
  AgentState& state = loaded.state;
  state.previous_partition = TextAt(json, "previous_partition");
  state.boot_counter = NumberAt(json, "boot_counter", 0);
  state.last_update_time = TextAt(json, "last_update_time");
  state.trial_deadline_seconds = NumberAt(json, "trial_deadline_seconds", 900);
  state.running_digest = TextAt(json, "running_digest");
  state.running_target = TextAt(json, "running_target");
  state.quarantine = QuarantineFrom(json);
  state.last_outcome = OutcomeFrom(json);
  state.common_cause = CauseFrom(json);
  if (json.contains("update")) {
    Result<update::UpdateState> update = UpdateStateFromJson(json["update"]);
    if (update) {
      state.update = *update;
    } else {
      loaded.problem =
          file_.path().string() + ": " + update.error().message + "; going by what the disk says";
      document_->json[kNotUnderstood] = json["update"];
    }
  }
  return loaded;
}

Result<> StateStore::Save(const AgentState& state) {
  Json json = document_->json;
  json["version"] = kVersion;
  Json update = ToJson(state.update);
  if (json.contains("update")) KeepUnknown(update, json["update"]);
  json["update"] = std::move(update);
  json["previous_partition"] = state.previous_partition;
  json["boot_counter"] = state.boot_counter;
  json["last_update_time"] = state.last_update_time;
  json["trial_deadline_seconds"] = state.trial_deadline_seconds;
  json["running_digest"] = state.running_digest;
  json["running_target"] = state.running_target;
  json["quarantine"] = QuarantineJson(state.quarantine, document_->json);
  if (state.last_outcome) {
    Json outcome = ToJson(state.last_outcome->outcome);
    outcome["id"] = state.last_outcome->id;
    outcome["time"] = state.last_outcome->time;
    outcome["boot_id"] = state.last_outcome->boot_id;
    outcome["follow_up"] = NameIn(kFollowUps, state.last_outcome->follow_up);
    Json& before = json["last_outcome"];
    if (before.is_object() && TextAt(before, "id") == state.last_outcome->id) {
      before.update(outcome);  // a newer agent's keys stay
    } else {
      before = std::move(outcome);
    }
  }
  json.erase("common_cause");
  if (const auto& cause = state.common_cause) {
    json["common_cause"] = {
        {"runs", cause->runs},       {"checks", cause->checks},           {"reason", cause->reason},
        {"version", cause->version}, {"schedule_id", cause->schedule_id}, {"time", cause->time}};
  }
  MATIC_TRY(file_.Save(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  document_->json = std::move(json);
  return {};
}

}  // namespace matic::engine
