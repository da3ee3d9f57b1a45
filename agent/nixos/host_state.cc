#include "agent/nixos/host_state.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "lib/base/names.h"
#include "lib/base/utf8.h"

namespace matic::nixos {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 64 * 1024;
constexpr size_t kMaxPath = 1024;
constexpr size_t kMaxBootId = 64;
constexpr int kVersion = 1;

constexpr Names<ActivationMode, 2> kModes{
    {{ActivationMode::kLive, "live"}, {ActivationMode::kBoot, "boot"}}};
constexpr Names<StartOnce, 4> kStartsOnce{{{StartOnce::kNot, "not"},
                                           {StartOnce::kOneShot, "one-shot"},
                                           {StartOnce::kBootCounts, "boot-counts"},
                                           {StartOnce::kGrubReboot, "grub-reboot"}}};

Result<std::string> TextAt(const Json& json, const char* key, size_t limit) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_string()) {
    return Fail(ErrorCode::kCorrupt, std::string(key) + " is no text");
  }
  const auto& text = it->get_ref<const std::string&>();
  if (text.size() > limit) {
    return Fail(ErrorCode::kCorrupt, std::string(key) + " is longer than " + std::to_string(limit));
  }
  return text;
}

Result<std::filesystem::path> PathAt(const Json& json, const char* key) {
  MATIC_ASSIGN(const std::filesystem::path path, TextAt(json, key, kMaxPath));
  if (path.is_absolute() && path.native().find('\0') == std::string::npos) return path;
  return Fail(ErrorCode::kCorrupt, std::string(key) + " is no absolute path");
}

Result<WallTime> TimeAt(const Json& json, const char* key) {
  MATIC_ASSIGN(const std::string text, TextAt(json, key, 64));
  Result<WallTime> time = ParseTime(text);
  if (!time) return Fail(ErrorCode::kCorrupt, std::string(key) + ": " + time.error().message);
  return time;
}

// No where nothing is said.
Result<bool> FlagAt(const Json& json, const char* key) {
  const auto it = json.find(key);
  if (it == json.end()) return false;
  if (!it->is_boolean())
    return Fail(ErrorCode::kCorrupt, std::string(key) + " is no true or false");
  return it->get<bool>();
}

template <typename Enum, size_t N>
Result<Enum> NamedAt(const Json& json, const char* key, const Names<Enum, N>& names) {
  MATIC_ASSIGN(const std::string text, TextAt(json, key, 64));
  if (const auto value = ValueIn(names, text)) return *value;
  return Fail(ErrorCode::kCorrupt,
              std::string(key) + " is \"" + ToUtf8(text) + "\", which this release does not know");
}

Result<> Read(const Json& json, ConfirmedSystem& confirmed) {
  MATIC_ASSIGN(confirmed.system, PathAt(json, "path"));
  MATIC_ASSIGN(confirmed.time, TimeAt(json, "time"));
  MATIC_ASSIGN(confirmed.boot_id, TextAt(json, "boot_id", kMaxBootId));
  return {};
}

Result<> Read(const Json& json, GoldenSystem& golden) {
  MATIC_ASSIGN(golden.system, PathAt(json, "path"));
  MATIC_ASSIGN(golden.since, TimeAt(json, "since"));
  return {};
}

Result<> Read(const Json& json, TrialNote& trial) {
  MATIC_ASSIGN(trial.system, PathAt(json, "path"));
  MATIC_ASSIGN(trial.previous, PathAt(json, "previous"));
  MATIC_ASSIGN(trial.mode, NamedAt(json, "mode", kModes));
  MATIC_ASSIGN(trial.start_once, NamedAt(json, "start_once", kStartsOnce));
  MATIC_ASSIGN(trial.time, TimeAt(json, "time"));
  MATIC_ASSIGN(trial.boot_id, TextAt(json, "boot_id", kMaxBootId));
  MATIC_ASSIGN(trial.told, FlagAt(json, "told"));
  return {};
}

Json ToJson(const ConfirmedSystem& confirmed) {
  return {{"path", confirmed.system.string()},
          {"time", FormatTime(confirmed.time)},
          {"boot_id", confirmed.boot_id}};
}

Json ToJson(const GoldenSystem& golden) {
  return {{"path", golden.system.string()}, {"since", FormatTime(golden.since)}};
}

Json ToJson(const TrialNote& trial) {
  return {{"path", trial.system.string()},
          {"previous", trial.previous.string()},
          {"mode", NameIn(kModes, trial.mode)},
          {"start_once", NameIn(kStartsOnce, trial.start_once)},
          {"time", FormatTime(trial.time)},
          {"boot_id", trial.boot_id},
          {"told", trial.told}};
}

template <typename Part>
Result<> ReadPart(const Json& json, const char* key, std::optional<Part>& part) {
  const auto it = json.find(key);
  if (it == json.end()) return {};
  Part read;
  const Result<> understood =
      it->is_object() ? Read(*it, read) : Fail(ErrorCode::kCorrupt, "no JSON object");
  if (!understood) return Fail(understood.error().Context(key));
  part = std::move(read);
  return {};
}

template <typename Part>
void WritePart(Json& json, const char* key, const std::optional<Part>& part) {
  if (!part) {
    json.erase(key);
    return;
  }
  Json written = ToJson(*part);
  Json& before = json[key];
  if (before.is_object() && before.value("path", Json()) == written["path"]) {
    before.update(written);  // a newer agent's keys stay
  } else {
    before = std::move(written);
  }
}

void WriteState(Json& json, const HostState& state) {
  WritePart(json, "confirmed", state.confirmed);
  WritePart(json, "golden", state.golden);
  WritePart(json, "trial", state.trial);
}

std::string Text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// What was understood, and why the rest was not.
std::vector<std::string> ReadState(const Json& json, HostState& state) {
  std::vector<std::string> problems;
  for (const Result<>& read :
       {ReadPart(json, "confirmed", state.confirmed), ReadPart(json, "golden", state.golden),
        ReadPart(json, "trial", state.trial)}) {
    if (!read) problems.push_back(read.error().message);
  }
  return problems;
}

std::string Listed(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "; ") + problem;
  return text;
}

}  // namespace

struct HostStateStore::Document {
  Json json = Json::object();
};

HostStateStore::HostStateStore(std::filesystem::path file)
    : file_(std::move(file), kMaxFileBytes), document_(std::make_unique<Document>()) {}
HostStateStore::~HostStateStore() = default;

Result<HostStateStore::Loaded> HostStateStore::Load() {
  document_->json = Json::object();
  Loaded loaded;
  Result<std::optional<Json>> kept = file_.Load();
  if (!kept && kept.error().code != ErrorCode::kCorrupt) return Fail(kept.error());
  if (!kept) {
    loaded.problem = kept.error().message;
    return loaded;
  }
  if (!*kept) return loaded;
  document_->json = **std::move(kept);
  const std::vector<std::string> problems = ReadState(document_->json, loaded.state);
  if (problems.empty()) return loaded;
  Error rejected = file_.Reject(Listed(problems));
  if (rejected.code != ErrorCode::kCorrupt) return Fail(std::move(rejected));
  loaded.problem = std::move(rejected.message);
  if (loaded.state == HostState()) return loaded;
  if (const Result<> saved = Save(loaded.state); !saved) {
    loaded.problem += "; the rest is known until the agent ends: " + saved.error().message;
  }
  return loaded;
}

Result<> HostStateStore::Save(const HostState& state) {
  Json json = document_->json;
  json["version"] = kVersion;
  WriteState(json, state);
  HostState ignored;
  if (const std::vector<std::string> problems = ReadState(json, ignored); !problems.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "save " + file_.path().string() + ": " + problems.front());
  }
  std::string text = Text(json);
  if (text.size() > kMaxFileBytes) {
    // Unknown keys grow where they are written a line each; what is known goes before them.
    json = Json{{"version", kVersion}};
    WriteState(json, state);
    text = Text(json);
  }
  MATIC_TRY(file_.Save(text));
  document_->json = std::move(json);
  return {};
}

}  // namespace matic::nixos
