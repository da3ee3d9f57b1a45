#include "agent/engine/update_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/engine/engine.h"
#include "agent/engine/named_value.h"
#include "agent/engine/timing_json.h"
#include "agent/update/mode_names.h"
#include "lib/base/json_number.h"

namespace matic::engine {
namespace {

using Json = nlohmann::json;

constexpr Names<update::RollbackKind, 3> kKinds{{
    {update::RollbackKind::kAutomatic, "automatic"},
    {update::RollbackKind::kManual, "manual"},
    {update::RollbackKind::kCancel, "cancel"},
}};
constexpr Names<update::RollbackCause, 6> kCauses{{
    {update::RollbackCause::kUnknown, "unknown"},
    {update::RollbackCause::kHealth, "health"},
    {update::RollbackCause::kBootAttempts, "boot-attempts"},
    {update::RollbackCause::kNotStarted, "not-started"},
    {update::RollbackCause::kAskedFor, "manual"},
    {update::RollbackCause::kActivation, "activation"},
}};
constexpr Names<update::Outcome::End, 4> kEnds{{
    {update::Outcome::End::kCompleted, "completed"},
    {update::Outcome::End::kFailed, "failed"},
    {update::Outcome::End::kRolledBack, "rolled-back"},
    {update::Outcome::End::kCancelled, "cancelled"},
}};
constexpr Names<update::Verdict, 3> kVerdicts{{
    {update::Verdict::kNone, "none"},
    {update::Verdict::kStrike, "strike"},
    {update::Verdict::kQuarantine, "quarantine"},
}};

Json FileJson(const update::SignedFile& file) {
  return {{"url", file.url}, {"size_bytes", file.size_bytes}, {"sha256", file.sha256}};
}

update::SignedFile FileFrom(const Json& json) {
  return {.url = json.at("url"),
          .size_bytes = WholeNumber<uint64_t>(json.at("size_bytes")),
          .sha256 = json.at("sha256")};
}

Json DeltaJson(const update::DeltaFiles& delta) {
  Json json = Json::object();
  if (delta.index) json["index"] = FileJson(*delta.index);
  for (const update::SignedPatch& patch : delta.patches) {
    json["patches"].push_back({{"from", patch.from}, {"file", FileJson(patch.file)}});
  }
  return json;
}

update::DeltaFiles DeltaFrom(const Json& json) {
  update::DeltaFiles delta;
  if (json.contains("index")) delta.index = FileFrom(json.at("index"));
  for (const Json& patch : json.value("patches", Json::array())) {
    delta.patches.push_back({.from = patch.at("from"), .file = FileFrom(patch.at("file"))});
  }
  return delta;
}

Json OrderJson(const update::Order& order) {
  return {{"schedule_id", order.schedule_id},
          {"source", order.source},
          {"sha256", order.sha256},
          {"auto_rollback", order.auto_rollback},
          {"health_timeout_seconds", order.health_timeout.count()},
          {"stop_after_staging", order.stop_after_staging},
          {"timing", TimingJson(order.timing)},
          {"reboot_delay_seconds", order.reboot_delay.count()},
          {"version", order.version},
          {"size_bytes", order.size_bytes},
          {"force", order.force},
          {"mode", ModeName(order.mode)},
          {"inputs", order.inputs},
          {"allow_reboot", order.allow_reboot},
          {"delta", DeltaJson(order.delta)}};
}

// What callers may ask for: a file that says more must not make a machine wait for ever.
std::chrono::seconds WithinADay(int64_t seconds) {
  return std::chrono::seconds(std::clamp<int64_t>(seconds, 0, 24 * 60 * 60));
}

update::Order OrderFrom(const Json& json) {
  return {.schedule_id = json.at("schedule_id"),
          .source = json.at("source"),
          .sha256 = json.at("sha256"),
          .auto_rollback = json.at("auto_rollback"),
          .health_timeout = WithinADay(WholeNumber<int64_t>(json.at("health_timeout_seconds"))),
          .stop_after_staging = json.at("stop_after_staging"),
          .timing = TimingFrom(json.value("timing", Json::object())),
          .reboot_delay = WithinADay(WholeNumber(json, "reboot_delay_seconds", int64_t{0})),
          .version = json.value("version", ""),
          .size_bytes = WholeNumber(json, "size_bytes", uint64_t{0}),
          .force = json.value("force", std::vector<std::string>()),
          .mode = NamedValue(update::kModeNames, json.value("mode", "auto")),
          .inputs = json.value("inputs", std::vector<std::string>()),
          .allow_reboot = json.value("allow_reboot", true),
          .delta = DeltaFrom(json.value("delta", Json::object()))};
}

Json ImageJson(const update::StagedImage& image) {
  return {{"target", image.target},   {"digest", image.digest},
          {"version", image.version}, {"size_bytes", image.size_bytes},
          {"live", image.live},       {"reboot_reasons", image.reboot_reasons}};
}

update::StagedImage ImageFrom(const Json& json) {
  return {.target = json.at("target"),
          .digest = json.at("digest"),
          .version = json.at("version"),
          .size_bytes = WholeNumber<uint64_t>(json.at("size_bytes")),
          .live = json.value("live", false),
          .reboot_reasons = json.value("reboot_reasons", std::vector<std::string>())};
}

Json SuspectsJson(const std::vector<update::Suspect>& suspects) {
  Json list = Json::array();
  for (const update::Suspect& suspect : suspects) {
    list.push_back({{"schedule_id", suspect.schedule_id},
                    {"target", suspect.target},
                    {"version", suspect.version},
                    {"digest", suspect.digest},
                    {"checks", suspect.checks}});
  }
  return list;
}

std::vector<update::Suspect> SuspectsFrom(const Json& json) {
  std::vector<update::Suspect> suspects;
  for (const Json& item : json) {
    suspects.push_back({.schedule_id = item.at("schedule_id"),
                        .target = item.at("target"),
                        .version = item.at("version"),
                        .digest = item.at("digest"),
                        .checks = item.at("checks").get<std::vector<std::string>>()});
  }
  return suspects;
}

Json TrialJson(const update::Trial& trial) {
  return {{"order", OrderJson(trial.order)},
          {"image", ImageJson(trial.image)},
          {"previous", trial.previous},
          {"activated_boot_id", trial.activated_boot_id},
          {"last_boot_id", trial.last_boot_id},
          {"boot_counter", trial.boot_counter},
          {"tries_given_back", trial.tries_given_back},
          {"failing_before", trial.failing_before},
          {"suspects", SuspectsJson(trial.suspects)},
          {"way_back", trial.way_back}};
}

update::Trial TrialFrom(const Json& json) {
  return {.order = OrderFrom(json.at("order")),
          .image = ImageFrom(json.at("image")),
          .previous = json.at("previous"),
          .activated_boot_id = json.at("activated_boot_id"),
          .last_boot_id = json.at("last_boot_id"),
          .boot_counter = WholeNumber<uint32_t>(json.at("boot_counter")),
          .tries_given_back = WholeNumber<uint32_t>(json.at("tries_given_back")),
          .failing_before = json.at("failing_before").get<std::vector<std::string>>(),
          .suspects = SuspectsFrom(json.value("suspects", Json::array())),
          .way_back = json.value("way_back", false)};
}

uint32_t InterruptionsIn(const Json& json) {
  return WholeNumber(json, "interruptions", uint32_t{0});
}

struct StateFields {
  Json operator()(const update::Idle&) const { return Json::object(); }
  Json operator()(const update::Waiting& s) const {
    return {{"order", OrderJson(s.order)}, {"begun", s.begun}, {"interruptions", s.interruptions}};
  }
  Json operator()(const update::Staging& s) const {
    return {{"order", OrderJson(s.order)}, {"interruptions", s.interruptions}};
  }
  Json operator()(const update::Staged& s) const {
    return {{"order", OrderJson(s.order)},
            {"image", ImageJson(s.image)},
            {"begun", s.begun},
            {"interruptions", s.interruptions}};
  }
  Json operator()(const update::Activating& s) const { return {{"trial", TrialJson(s.trial)}}; }
  Json operator()(const update::Activated& s) const { return {{"trial", TrialJson(s.trial)}}; }
  Json operator()(const update::Trying& s) const { return {{"trial", TrialJson(s.trial)}}; }
  Json operator()(const update::Confirming& s) const {
    return {{"trial", TrialJson(s.trial)}, {"unhealthy", s.unhealthy}};
  }
  Json operator()(const update::RollingBack& s) const {
    return {{"trial", TrialJson(s.trial)},
            {"kind", NameIn(kKinds, s.kind)},
            {"reason", s.reason},
            {"requested_by", s.requested_by},
            {"not_activated", s.not_activated},
            {"failing", s.failing}};
  }
  Json operator()(const update::Cancelling& s) const {
    return {{"order", OrderJson(s.order)},
            {"image", ImageJson(s.image)},
            {"previous", s.previous},
            {"reason", s.reason}};
  }
  Json operator()(const update::Rechecking& s) const {
    return {{"runs", s.runs}, {"suspects", SuspectsJson(s.suspects)}, {"starts", s.starts}};
  }
};

update::UpdateState StateFrom(const std::string& name, const Json& json) {
  if (name == "idle") return update::Idle{};
  if (name == "waiting") {
    return update::Waiting{OrderFrom(json.at("order")), json.value("begun", false),
                           InterruptionsIn(json)};
  }
  if (name == "staging") {
    return update::Staging{OrderFrom(json.at("order")), InterruptionsIn(json)};
  }
  if (name == "staged") {
    return update::Staged{OrderFrom(json.at("order")), ImageFrom(json.at("image")),
                          json.value("begun", false), InterruptionsIn(json)};
  }
  if (name == "activating") return update::Activating{TrialFrom(json.at("trial"))};
  if (name == "activated") return update::Activated{TrialFrom(json.at("trial"))};
  if (name == "trying") return update::Trying{TrialFrom(json.at("trial"))};
  if (name == "confirming") {
    return update::Confirming{TrialFrom(json.at("trial")), json.at("unhealthy")};
  }
  if (name == "rolling-back") {
    return update::RollingBack{TrialFrom(json.at("trial")),
                               NamedValue(kKinds, json.at("kind")),
                               json.at("reason"),
                               json.at("requested_by"),
                               json.value("not_activated", false),
                               json.value("failing", std::vector<std::string>())};
  }
  if (name == "cancelling") {
    return update::Cancelling{OrderFrom(json.at("order")), ImageFrom(json.at("image")),
                              json.at("previous"), json.at("reason")};
  }
  if (name == "rechecking") {
    return update::Rechecking{json.at("runs"), SuspectsFrom(json.at("suspects")),
                              WholeNumber<uint32_t>(json.at("starts"))};
  }
  throw Json::other_error::create(501, "unknown state '" + name + "'", nullptr);
}

// The keys of some state; another state's are not unknown ones.
constexpr std::array<std::string_view, 16> kStateKeys = {
    "name", "order",    "image",    "trial",        "unhealthy",     "begun",
    "kind", "reason",   "previous", "requested_by", "not_activated", "failing",
    "runs", "suspects", "starts",   "interruptions"};

const Json& At(const Json& json, const char* key) {
  static const Json kNothing;
  auto it = json.find(key);
  return it == json.end() ? kNothing : *it;
}

// Order and image lie in the trial once there is one.
const Json& PartOf(const Json& json, const char* part) {
  return json.contains("trial") ? At(json["trial"], part) : At(json, part);
}

// All known keys of these are in `json` already.
void AddMissing(Json& json, const Json& before) {
  if (!json.is_object() || !before.is_object()) return;
  for (const auto& [key, value] : before.items()) {
    if (!json.contains(key)) json[key] = value;
  }
}

}  // namespace

void KeepUnknown(Json& json, const Json& before) {
  const Json& order = PartOf(before, "order");
  const Json& ours = PartOf(json, "order");
  // A state without an update is nobody's: two that name none are not the same one.
  if (!order.is_object() || !ours.is_object()) return;
  if (At(order, "schedule_id") != At(ours, "schedule_id")) return;
  const bool tried = json.contains("trial");
  Json& whole = tried ? json["trial"] : json;
  if (whole.contains("order")) AddMissing(whole["order"], order);
  if (whole.contains("image")) AddMissing(whole["image"], PartOf(before, "image"));
  if (tried) AddMissing(json["trial"], At(before, "trial"));
  for (const auto& [key, value] : before.items()) {
    if (std::ranges::find(kStateKeys, key) == kStateKeys.end()) json[key] = value;
  }
}

std::string_view ModeName(update::Mode mode) { return NameIn(update::kModeNames, mode); }

Result<update::Mode> ParseMode(std::string_view name) {
  if (const auto mode = ValueIn(update::kModeNames, name)) return *mode;
  return Fail(ErrorCode::kInvalidArgument,
              "'" + std::string(name) + "' is no mode; there are auto, switch, boot and build");
}

std::string_view KindName(update::RollbackKind kind) { return NameIn(kKinds, kind); }
std::string_view CauseName(update::RollbackCause cause) { return NameIn(kCauses, cause); }

update::RollbackCause ParseCause(std::string_view name) {
  return ValueIn(kCauses, name).value_or(update::RollbackCause::kUnknown);
}

std::string_view EndName(update::Outcome::End end) { return NameIn(kEnds, end); }

Json ToJson(const update::UpdateState& state) {
  Json json = std::visit(StateFields{}, state);
  json["name"] = update::StateName(state);
  return json;
}

Result<update::UpdateState> UpdateStateFromJson(const Json& json) {
  try {
    return StateFrom(json.at("name"), json);
  } catch (const Json::exception& e) {
    return Fail(ErrorCode::kCorrupt, std::string("state of the update: ") + e.what());
  }
}

Json ToJson(const update::Outcome& outcome) {
  Json json = {{"schedule_id", outcome.schedule_id},
               {"end", NameIn(kEnds, outcome.end)},
               {"reason", outcome.reason},
               {"image", ImageJson(outcome.image)},
               {"verdict", NameIn(kVerdicts, outcome.verdict)},
               {"stays", outcome.stays}};
  if (outcome.rollback) {
    json["rollback"] = {{"kind", NameIn(kKinds, outcome.rollback->kind)},
                        {"from", outcome.rollback->from},
                        {"to", outcome.rollback->to},
                        {"requested_by", outcome.rollback->requested_by},
                        {"failed_boot_id", outcome.rollback->failed_boot_id},
                        {"cause", CauseName(outcome.rollback->cause)}};
  }
  return json;
}

Result<update::Outcome> OutcomeFromJson(const Json& json) {
  try {
    update::Outcome outcome{.schedule_id = json.at("schedule_id"),
                            .end = NamedValue(kEnds, json.at("end")),
                            .reason = json.at("reason"),
                            .image = ImageFrom(json.at("image")),
                            .verdict = NamedValue(kVerdicts, json.at("verdict")),
                            .stays = json.at("stays"),
                            .rollback = {}};
    if (json.contains("rollback")) {
      const Json& rollback = json.at("rollback");
      outcome.rollback = update::RollbackFact{NamedValue(kKinds, rollback.at("kind")),
                                              rollback.at("from"),
                                              rollback.at("to"),
                                              rollback.at("requested_by"),
                                              rollback.value("failed_boot_id", ""),
                                              ParseCause(rollback.value("cause", ""))};
    }
    return outcome;
  } catch (const Json::exception& e) {
    return Fail(ErrorCode::kCorrupt, std::string("outcome of an update: ") + e.what());
  }
}

}  // namespace matic::engine
