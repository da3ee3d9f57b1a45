#include "boot/policy/slot.h"

#include <cstddef>

namespace matic::boot {
namespace {

bool HasUniqueGuid(std::span<const Partition> partitions, const Partition& partition) {
  if (partition.unique.IsZero()) return false;
  for (const Partition& other : partitions) {
    if (&other != &partition && other.unique == partition.unique) return false;
  }
  return true;
}

}  // namespace

SlotLookup FindSlot(std::span<const Partition> partitions, Slot slot, const Guid& root_type) {
  const Partition* found = nullptr;
  for (const Partition& partition : partitions) {
    if (partition.type != root_type || !HasName(partition, SlotName(slot))) continue;
    if (found != nullptr) return {nullptr, SlotLookupError::kAmbiguous};
    found = &partition;
  }
  if (found == nullptr) return {nullptr, SlotLookupError::kMissing};
  if (!HasUniqueGuid(partitions, *found)) return {nullptr, SlotLookupError::kDuplicateGuid};
  return {found, SlotLookupError::kNone};
}

std::string_view DescribeLookupError(SlotLookupError error) {
  switch (error) {
    case SlotLookupError::kNone:
      return "found";
    case SlotLookupError::kMissing:
      return "no partition of that type and name";
    case SlotLookupError::kAmbiguous:
      return "more than one partition of that type and name";
    case SlotLookupError::kDuplicateGuid:
      return "its partition GUID is missing or used twice";
  }
  return "unknown";
}

std::optional<Slot> ChooseSlot(std::span<const SlotCandidate> candidates) {
  const SlotCandidate* best = nullptr;
  for (const SlotCandidate& candidate : candidates) {
    if (!IsBootable(candidate.attributes)) continue;
    const bool better = best == nullptr ||
                        candidate.attributes.priority > best->attributes.priority ||
                        (candidate.attributes.priority == best->attributes.priority &&
                         candidate.partition_number < best->partition_number);
    if (better) best = &candidate;
  }
  if (best == nullptr) return std::nullopt;
  return best->slot;
}

std::optional<Slot> ChooseSlot(std::span<const Partition> partitions, const Guid& root_type) {
  std::array<SlotCandidate, kSlots.size()> candidates{};
  size_t count = 0;
  for (Slot slot : kSlots) {
    const SlotLookup lookup = FindSlot(partitions, slot, root_type);
    if (lookup.partition == nullptr) continue;
    candidates[count++] = {slot, lookup.partition->number,
                           DecodeSlotAttributes(lookup.partition->attributes)};
  }
  return ChooseSlot(std::span<const SlotCandidate>(candidates).first(count));
}

}  // namespace matic::boot
