#include "agent/deadline/trial.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "boot/policy/slot.h"

namespace matic::deadline {

std::optional<std::chrono::seconds> ParseDeadline(std::string_view state_json) {
  const auto state = nlohmann::json::parse(state_json, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) return std::nullopt;
  const auto value = state.find("trial_deadline_seconds");
  if (value == state.end() || !value->is_number_unsigned()) return std::nullopt;
  const auto seconds = value->get<uint64_t>();
  if (seconds < static_cast<uint64_t>(kShortestDeadline.count()) ||
      seconds > static_cast<uint64_t>(kLongestDeadline.count())) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

Reading JudgeSlot(std::span<const boot::Partition> partitions, const boot::Guid& running) {
  const auto slot = std::ranges::find(partitions, running, &boot::Partition::unique);
  if (slot == partitions.end()) return Reading::kNoTable;
  if (boot::DecodeSlotAttributes(slot->attributes).successful) return Reading::kSettled;
  // Asked of the whole table, not of this slot: a slot at its last try, or one that was given up
  // already, is left for the other one.
  return boot::ChooseSlot(partitions) ? Reading::kOnTrial : Reading::kSettled;
}

Verdict JudgeAtDeadline(std::optional<Reading> at_start, Reading now, bool still_in_initrd) {
  if (!at_start) return still_in_initrd ? Verdict::kReboot : Verdict::kDone;
  if (*at_start != Reading::kOnTrial) return Verdict::kDone;
  switch (now) {
    case Reading::kSettled:
      return Verdict::kDone;
    case Reading::kNoTable:
      return Verdict::kLookAgain;
    case Reading::kOnTrial:
    case Reading::kUnreadable:
      return Verdict::kReboot;
  }
  return Verdict::kDone;
}

}  // namespace matic::deadline
