#include "lib/trust/trust_state.h"

#include <algorithm>

#include "lib/trust/fields.h"
#include "lib/trust/strict_json.h"
#include "lib/trust/version.h"

namespace matic::trust {
namespace {

using nlohmann::json;

constexpr uint64_t kFormat = 1;

Result<> ParseRootFacts(const Fields& fields, TrustState& state) {
  MATIC_ASSIGN(state.root_version, fields.Number("root_version", 0, kMaxRootVersion));
  MATIC_ASSIGN(const json* list, fields.List("manifest_keyids", kMaxRootKeys));
  for (const json& value : *list) {
    if (!value.is_string()) {
      return Fail(ErrorCode::kCorrupt, fields.PathOf("manifest_keyids") + ": not text");
    }
    state.manifest_key_ids.push_back(value.get<std::string>());
  }
  return {};
}

Result<> ParseChannels(const Fields& fields, TrustState& state) {
  MATIC_ASSIGN(const Fields channels, fields.Object("channels"));
  if (channels.object().size() > kMaxChannels) {
    return Fail(ErrorCode::kCorrupt, "channels: more than " + std::to_string(kMaxChannels));
  }
  for (const auto& [name, value] : channels.object().items()) {
    MATIC_ASSIGN(state.channels[name], channels.Time(name.c_str()));
  }
  return {};
}

void Forget(TrustState& state) {
  state.version_floor.clear();
  state.channels.clear();
  state.last_verified_time = {};
}

}  // namespace

Result<TrustState> ParseTrustState(std::string_view text) {
  TrustState state;
  if (text.empty()) return state;
  MATIC_ASSIGN(json document, ParseStrictJson(text, kMaxTrustStateBytes));
  MATIC_ASSIGN(const Fields fields, Fields::Of(document, ""));
  MATIC_TRY(fields.Number("version", kFormat, kFormat));
  MATIC_TRY(ParseRootFacts(fields, state));
  MATIC_ASSIGN(state.version_floor, fields.Text("version_floor", kMaxVersionBytes));
  if (!state.version_floor.empty() && !CheckVersion(state.version_floor)) {
    return Fail(ErrorCode::kCorrupt, "version_floor: not a version");
  }
  MATIC_TRY(ParseChannels(fields, state));
  MATIC_ASSIGN(state.last_verified_time, fields.Time("last_verified_time"));
  for (const char* known : {"version", "root_version", "manifest_keyids", "version_floor",
                            "channels", "last_verified_time"}) {
    document.erase(known);
  }
  state.other_keys = document.dump();
  return state;
}

std::string FormatTrustState(const TrustState& state) {
  json document = json::parse(state.other_keys, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) document = json::object();
  json channels = json::object();
  for (const auto& [name, released] : state.channels) channels[name] = FormatTime(released);
  document["version"] = kFormat;
  document["root_version"] = state.root_version;
  document["manifest_keyids"] = state.manifest_key_ids;
  document["version_floor"] = state.version_floor;
  document["channels"] = channels;
  document["last_verified_time"] = FormatTime(state.last_verified_time);
  return document.dump(2) + "\n";
}

Result<TrustState> AdoptRoot(TrustState state, const Root& root) {
  if (root.version < state.root_version) {
    return Fail(ErrorCode::kRefused, "root document " + std::to_string(root.version) +
                                         " was replaced: " + std::to_string(state.root_version) +
                                         " was adopted before");
  }
  const auto lost = [&](const std::string& id) {
    return std::ranges::find(root.manifest.key_ids, id) == root.manifest.key_ids.end();
  };
  if (std::ranges::any_of(state.manifest_key_ids, lost)) Forget(state);
  state.root_version = root.version;
  state.manifest_key_ids = root.manifest.key_ids;
  return state;
}

Result<TrustState> RaiseFloor(TrustState state, const std::string& version) {
  MATIC_TRY(CheckVersion(version));
  if (state.version_floor.empty() || CompareVersions(version, state.version_floor) > 0) {
    state.version_floor = version;
  }
  return state;
}

}  // namespace matic::trust
