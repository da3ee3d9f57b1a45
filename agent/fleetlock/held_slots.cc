#include "agent/fleetlock/held_slots.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace matic::fleetlock {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr size_t kMaxFileBytes = 64 * 1024;
constexpr size_t kMaxText = 1024;
// Servers that were changed while one was not reached.
constexpr size_t kMaxSlots = 8;

Result<std::string> TextAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) {
    return Fail(ErrorCode::kCorrupt, std::string(key) + " is no text");
  }
  const auto& text = found->get_ref<const std::string&>();
  if (text.empty() || text.size() > kMaxText) {
    return Fail(ErrorCode::kCorrupt, std::string(key) + " is empty or too long");
  }
  return text;
}

Result<std::vector<Target>> TargetsFrom(const Json& json) {
  const auto slots = json.find("slots");
  if (slots == json.end() || !slots->is_array() || slots->size() > kMaxSlots) {
    return Fail(ErrorCode::kCorrupt,
                "slots is no list of at most " + std::to_string(kMaxSlots) + " slots");
  }
  std::vector<Target> targets;
  for (const Json& slot : *slots) {
    if (!slot.is_object()) return Fail(ErrorCode::kCorrupt, "a slot is no object");
    Target target;
    MATIC_ASSIGN(target.url, TextAt(slot, "url"));
    MATIC_ASSIGN(target.group, TextAt(slot, "group"));
    MATIC_ASSIGN(target.id, TextAt(slot, "id"));
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace

HeldSlots::HeldSlots(std::filesystem::path path) : file_(std::move(path), kMaxFileBytes) {}

Result<> HeldSlots::Load() {
  MATIC_ASSIGN(const std::optional<Json> kept, file_.Load());
  if (!kept) return {};
  Result<std::vector<Target>> read = TargetsFrom(*kept);
  if (!read) return Fail(file_.Reject(read.error().message));
  targets_ = *std::move(read);
  return {};
}

Result<> HeldSlots::Add(const Target& target) {
  if (std::ranges::find(targets_, target) != targets_.end()) return {};
  if (targets_.size() >= kMaxSlots) {
    return Fail(ErrorCode::kRefused, "slots of " + std::to_string(kMaxSlots) +
                                         " servers wait to be given back already (" +
                                         file_.path().string() + ")");
  }
  std::vector<Target> targets = targets_;
  targets.push_back(target);
  MATIC_TRY(Write(targets));
  targets_ = std::move(targets);
  return {};
}

Result<> HeldSlots::Remove(const Target& target) {
  std::vector<Target> targets = targets_;
  if (std::erase(targets, target) == 0) return {};
  MATIC_TRY(Write(targets));
  targets_ = std::move(targets);
  return {};
}

Result<> HeldSlots::Write(const std::vector<Target>& targets) {
  Json slots = Json::array();
  for (const Target& target : targets) {
    slots.push_back({{"url", target.url}, {"group", target.group}, {"id", target.id}});
  }
  const Json json = {{"version", kVersion}, {"slots", std::move(slots)}};
  return file_.Save(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace matic::fleetlock
