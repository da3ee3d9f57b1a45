#include "agent/engine/schedule_book.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/engine/schedule_json.h"

namespace matic::engine {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 4u << 20;  // a larger one would not be read again
constexpr int kMaxIdsADay = 999;

bool Holds(const std::vector<Json>& schedules, const std::string& id) {
  return std::ranges::any_of(schedules, [&](const Json& schedule) {
    return schedule.is_object() && schedule.value("id", Json()) == Json(id);
  });
}

}  // namespace

struct ScheduleBook::Document {
  Json json = Json::object();
  std::map<std::string, Json> schedules;  // as read, unknown keys included
  std::vector<Json> unreadable;           // a newer agent's, kept as they are
};

ScheduleBook::ScheduleBook(std::filesystem::path file)
    : file_(std::move(file), kMaxFileBytes), document_(std::make_unique<Document>()) {}
ScheduleBook::~ScheduleBook() = default;

std::string ScheduleBook::Load() {
  const Result<std::optional<Json>> kept = file_.Load();
  if (!kept) return "the schedules could not be read: " + kept.error().message;
  if (!*kept) return {};
  const Json& json = **kept;
  document_->json = json;
  document_->json.erase("schedules");
  auto list = json.find("schedules");
  if (list == json.end() || !list->is_array()) return {};
  for (const Json& item : *list) {
    Result<Schedule> schedule = ScheduleFromJson(item);
    if (!schedule) {
      // No agent keeps more.
      if (document_->unreadable.size() < kMaxSchedules) document_->unreadable.push_back(item);
      continue;
    }
    document_->schedules[schedule->id] = item;
    revisions_[schedule->id] = ++last_revision_;
    schedules_[schedule->id] = std::move(*schedule);
  }
  return {};
}

Result<std::string> ScheduleBook::NextId(WallTime now) const {
  const std::string prefix = "sched-" + FormatDay(now) + "-";
  for (int number = 1; number <= kMaxIdsADay; ++number) {
    std::string digits = std::to_string(number);
    std::string id = prefix + std::string(3 - digits.size(), '0') + digits;
    // Past every id of the day, so that a forgotten one's is not given out again.
    auto later = schedules_.lower_bound(id);
    if (later != schedules_.end() && later->first.starts_with(prefix)) continue;
    if (!Holds(document_->unreadable, id)) return id;
  }
  return Fail(ErrorCode::kRefused, "999 updates were scheduled today; try again tomorrow");
}

Result<> ScheduleBook::Put(const Schedule& schedule, bool durable) {
  schedules_[schedule.id] = schedule;
  revisions_[schedule.id] = ++last_revision_;
  if (!durable) return {};
  while (schedules_.size() > kMaxSchedules && ForgetOldest()) {
  }
  return Save();
}

bool ScheduleBook::ForgetOldest() {
  auto oldest = std::ranges::find_if(
      schedules_, [](const auto& entry) { return HasEnded(entry.second.state); });
  if (oldest == schedules_.end()) return false;
  document_->schedules.erase(oldest->first);
  revisions_.erase(oldest->first);
  schedules_.erase(oldest);
  return true;
}

Result<> ScheduleBook::Save() {
  std::string text = Text();
  while (text.size() > kMaxFileBytes) {
    std::vector<Json>& unreadable = document_->unreadable;
    if (!ForgetOldest()) {
      if (unreadable.empty()) break;
      unreadable.erase(unreadable.begin());
    }
    text = Text();
  }
  return file_.Save(text);
}

std::string ScheduleBook::Text() {
  Json json = document_->json;
  json["version"] = 1;
  Json list = Json(document_->unreadable);
  for (const auto& [id, schedule] : schedules_) {
    Json& item = document_->schedules[id];
    if (!item.is_object()) item = Json::object();
    Write(schedule, item);
    list.push_back(item);
  }
  json["schedules"] = std::move(list);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

const Schedule* ScheduleBook::Find(const std::string& id) const {
  if (id.empty()) {
    // Without a clock of its own a machine starts in the past, and ids with it.
    if (const Schedule* active = Active()) return active;
    return schedules_.empty() ? nullptr : &schedules_.rbegin()->second;
  }
  auto it = schedules_.find(id);
  return it == schedules_.end() ? nullptr : &it->second;
}

const Schedule* ScheduleBook::FindRequest(const std::string& request_id) const {
  if (request_id.empty()) return nullptr;
  for (auto it = schedules_.rbegin(); it != schedules_.rend(); ++it) {
    const Schedule& schedule = it->second;
    if (schedule.request.request_id == request_id) return &schedule;
  }
  return nullptr;
}

const Schedule* ScheduleBook::Active() const {
  for (auto it = schedules_.rbegin(); it != schedules_.rend(); ++it) {
    const Schedule& schedule = it->second;
    if (!HasEnded(schedule.state)) return &schedule;
  }
  return nullptr;
}

uint64_t ScheduleBook::Revision(const std::string& id) const {
  auto it = revisions_.find(id);
  return it == revisions_.end() ? 0 : it->second;
}

std::vector<Schedule> ScheduleBook::Newest(size_t limit) const {
  std::vector<Schedule> newest;
  for (auto it = schedules_.rbegin(); it != schedules_.rend(); ++it) {
    const Schedule& schedule = it->second;
    if (newest.size() == limit) break;
    newest.push_back(schedule);
  }
  return newest;
}

}  // namespace matic::engine
