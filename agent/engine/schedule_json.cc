#include "agent/engine/schedule_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/engine/named_value.h"
#include "agent/engine/timing_json.h"
#include "agent/engine/update_json.h"
#include "lib/base/json_number.h"

namespace matic::engine {
namespace {

using Json = nlohmann::json;

constexpr Names<ScheduleState, 6> kStates{{
    {ScheduleState::kPending, "pending"},
    {ScheduleState::kInProgress, "in-progress"},
    {ScheduleState::kCompleted, "completed"},
    {ScheduleState::kFailed, "failed"},
    {ScheduleState::kRolledBack, "rolled-back"},
    {ScheduleState::kCancelled, "cancelled"},
}};
constexpr Names<Phase, 13> kPhases{{
    {Phase::kNone, "none"},
    {Phase::kWaiting, "waiting"},
    {Phase::kChecking, "checking"},
    {Phase::kFetching, "fetching"},
    {Phase::kBuilding, "building"},
    {Phase::kStaging, "staging"},
    {Phase::kVerifying, "verifying"},
    {Phase::kStaged, "staged"},
    {Phase::kActivating, "activating"},
    {Phase::kRebooting, "rebooting"},
    {Phase::kOnTrial, "on-trial"},
    {Phase::kConfirming, "confirming"},
    {Phase::kRollingBack, "rolling-back"},
}};

// A phase is only shown: one that a newer agent knows is no reason to lose the schedule.
Phase PhaseFrom(const std::string& text) {
  return ValueIn(kPhases, text).value_or(Phase::kWaiting);
}

WallTime TimeAt(const Json& json, const char* key) {
  Result<WallTime> time = ParseTime(json.at(key).get<std::string>());
  if (!time) throw Json::other_error::create(501, time.error().message, nullptr);
  return *time;
}

// Only shown, as a phase is: what is under way has its own in the state.
std::optional<update::Mode> ModeFrom(const std::string& text) {
  const Result<update::Mode> mode = ParseMode(text);
  return mode ? std::optional(*mode) : std::nullopt;
}

HookNames HooksFrom(const Json& json) {
  const auto names = [&](const char* key) { return json.value(key, std::vector<std::string>()); };
  return {.pre = names("pre"), .post = names("post"), .rollback = names("rollback")};
}

}  // namespace

bool ScheduleRequest::Forces(std::string_view name) const {
  return std::ranges::find(force, name) != force.end();
}

bool HasEnded(ScheduleState state) {
  return state != ScheduleState::kPending && state != ScheduleState::kInProgress;
}

std::string_view StateName(ScheduleState state) { return NameIn(kStates, state); }
std::string_view PhaseName(Phase phase) { return NameIn(kPhases, phase); }

void Write(const Schedule& schedule, Json& json) {
  const ScheduleRequest& request = schedule.request;
  json["id"] = schedule.id;
  json["source"] = request.source;
  json["sha256"] = request.sha256;
  json["enable_auto_rollback"] = request.enable_auto_rollback;
  if (request.health_check_timeout) {
    json["health_check_timeout_seconds"] = request.health_check_timeout->count();
  }
  json["stop_after_staging"] = request.stop_after == StopAfter::kStaged;
  json["force"] = request.force;
  json["request_id"] = request.request_id;
  json["timing"] = TimingJson(request.timing);
  json["reboot_delay_seconds"] = request.reboot_delay.count();
  json["hooks"] = {{"pre", request.hooks.pre},
                   {"post", request.hooks.post},
                   {"rollback", request.hooks.rollback}};
  json["comment"] = request.comment;
  if (request.mode) json["mode"] = ModeName(*request.mode);
  json["inputs"] = request.inputs;
  json["no_reboot"] = request.no_reboot;
  json["run"] = request.run;
  json["state"] = StateName(schedule.state);
  json["phase"] = PhaseName(schedule.phase);
  json["target"] = schedule.target;
  json["previous"] = schedule.previous;
  json["image_version"] = schedule.version;
  json["reason"] = schedule.reason;
  json["created"] = FormatTime(schedule.created);
  json["updated"] = FormatTime(schedule.updated);
  json["requested_by"] = schedule.requested_by;
}

Result<Schedule> ScheduleFromJson(const Json& json) {
  try {
    Schedule schedule;
    schedule.id = json.at("id");
    schedule.request.source = json.at("source");
    schedule.request.sha256 = json.at("sha256");
    schedule.request.enable_auto_rollback = json.at("enable_auto_rollback");
    if (json.contains("health_check_timeout_seconds")) {
      schedule.request.health_check_timeout =
          std::chrono::seconds(WholeNumber<int64_t>(json.at("health_check_timeout_seconds")));
    }
    if (json.at("stop_after_staging").get<bool>()) {
      schedule.request.stop_after = StopAfter::kStaged;
    }
    schedule.request.force = json.at("force").get<std::vector<std::string>>();
    schedule.request.request_id = json.at("request_id");
    if (json.contains("timing")) schedule.request.timing = TimingFrom(json.at("timing"));
    schedule.request.reboot_delay =
        std::chrono::seconds(WholeNumber(json, "reboot_delay_seconds", int64_t{0}));
    schedule.request.hooks = HooksFrom(json.value("hooks", Json::object()));
    schedule.request.comment = json.value("comment", "");
    if (json.contains("mode")) schedule.request.mode = ModeFrom(json.at("mode"));
    schedule.request.inputs = json.value("inputs", std::vector<std::string>());
    schedule.request.no_reboot = json.value("no_reboot", false);
    schedule.request.run = json.value("run", "");
    schedule.state = NamedValue(kStates, json.at("state"));
    schedule.phase = PhaseFrom(json.at("phase"));
    schedule.target = json.at("target");
    schedule.previous = json.at("previous");
    schedule.version = json.at("image_version");
    schedule.reason = json.at("reason");
    schedule.created = TimeAt(json, "created");
    schedule.updated = TimeAt(json, "updated");
    schedule.requested_by = json.at("requested_by");
    return schedule;
  } catch (const Json::exception& e) {
    return Fail(ErrorCode::kCorrupt, std::string("schedule: ") + e.what());
  }
}

}  // namespace matic::engine
