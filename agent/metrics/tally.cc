#include "agent/metrics/tally.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/engine/schedule_json.h"
#include "lib/base/json_number.h"

namespace matic::metrics {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 4u << 20;
constexpr int kVersion = 1;

constexpr engine::ScheduleState kEnds[] = {
    engine::ScheduleState::kCompleted, engine::ScheduleState::kFailed,
    engine::ScheduleState::kRolledBack, engine::ScheduleState::kCancelled};

// The history gives its records no name of their own.
std::string NameOf(const engine::RollbackRecord& record) {
  return FormatTime(record.time) + " " + record.boot_id + " " + record.from;
}

// Forgets the ids that the engine will not list again.
template <typename List, typename Name>
void Forget(std::set<std::string>& counted, const List& list, Name name) {
  std::set<std::string> known;
  for (const auto& entry : list) known.insert(name(entry));
  std::erase_if(counted, [&](const std::string& id) { return !known.contains(id); });
}

}  // namespace

std::string KindName(engine::RollbackKind kind) {
  return kind == engine::RollbackKind::kAutomatic ? "automatic" : "manual";
}

std::string CauseName(const engine::RollbackRecord& record) {
  if (record.kind == engine::RollbackKind::kManual) return "manual";
  return std::string(engine::CauseName(record.cause));
}

Tally::Tally(std::filesystem::path file) : file_(std::move(file), kMaxFileBytes) {
  if (const Result<> loaded = Load(); !loaded) {
    problem_ = "the totals of the metrics could not be read, and are counted anew: " +
               loaded.error().message;
  }
  // Every series is there from the start, at 0: a rate over one that appears with its first event
  // would not see it.
  for (const engine::ScheduleState end : kEnds)
    totals_.updates[std::string(engine::StateName(end))];
  for (const char* cause : {"health", "boot-attempts", "not-started"}) {
    totals_.rollbacks[{"automatic", cause}];
  }
  totals_.rollbacks[{"manual", "manual"}];
}

Result<> Tally::Load() {
  MATIC_ASSIGN(const std::optional<Json> kept, file_.Load());
  if (!kept) return {};
  try {
    Totals totals;
    for (const auto& [result, ends] : kept->at("updates").items()) {
      totals.updates[result] = {WholeNumber<uint64_t>(ends.at("count")),
                                ends.at("seconds").get<double>()};
    }
    for (const Json& entry : kept->at("rollbacks")) {
      totals.rollbacks[{entry.at("kind"), entry.at("cause")}] =
          WholeNumber<uint64_t>(entry.at("count"));
    }
    counted_ = kept->at("counted_schedules").get<std::set<std::string>>();
    counted_rollbacks_ = kept->at("counted_rollbacks").get<std::set<std::string>>();
    totals_ = std::move(totals);
  } catch (const Json::exception& error) {
    counted_.clear();
    counted_rollbacks_.clear();
    return Fail(file_.Reject(error.what()));
  }
  return {};
}

Result<> Tally::Save() {
  Json updates = Json::object();
  for (const auto& [result, ends] : totals_.updates) {
    updates[result] = {{"count", ends.count}, {"seconds", ends.seconds}};
  }
  Json rollbacks = Json::array();
  for (const auto& [key, count] : totals_.rollbacks) {
    rollbacks.push_back({{"kind", key.first}, {"cause", key.second}, {"count", count}});
  }
  const Json json = {{"version", kVersion},
                     {"updates", updates},
                     {"rollbacks", rollbacks},
                     {"counted_schedules", counted_},
                     {"counted_rollbacks", counted_rollbacks_}};
  MATIC_TRY(file_.Save(json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"));
  unsaved_ = false;
  return {};
}

Result<> Tally::Count(const std::vector<engine::Schedule>& schedules,
                      const std::vector<engine::RollbackRecord>& rollbacks) {
  for (const engine::Schedule& schedule : schedules) {
    if (!engine::HasEnded(schedule.state) || !counted_.insert(schedule.id).second) continue;
    Ends& ends = totals_.updates[std::string(engine::StateName(schedule.state))];
    ++ends.count;
    // The clock may have been set in between.
    const std::chrono::duration<double> took = schedule.updated - schedule.created;
    ends.seconds += std::max(0.0, took.count());
    unsaved_ = true;
  }
  for (const engine::RollbackRecord& record : rollbacks) {
    if (!counted_rollbacks_.insert(NameOf(record)).second) continue;
    ++totals_.rollbacks[{KindName(record.kind), CauseName(record)}];
    unsaved_ = true;
  }
  Forget(counted_, schedules, [](const engine::Schedule& schedule) { return schedule.id; });
  Forget(counted_rollbacks_, rollbacks, NameOf);
  return unsaved_ ? Save() : Result<>();
}

}  // namespace matic::metrics
