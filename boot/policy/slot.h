// The slots of a disk: how they are found in its GPT, what their attributes mean, and which one the
// next start chooses. One lookup and one set of bits for the selector, the agent and the tools
// (docs/formats.md). Freestanding: no allocation, no exceptions, no locale.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "boot/policy/guid.h"
#include "boot/policy/partition.h"

namespace matic::boot {

enum class Slot : uint8_t { kA, kB };

inline constexpr std::array<Slot, 2> kSlots = {Slot::kA, Slot::kB};

constexpr Slot OtherSlot(Slot slot) { return slot == Slot::kA ? Slot::kB : Slot::kA; }

// "slot-a", "slot-b": the partition's name, and what people see everywhere.
constexpr std::string_view SlotName(Slot slot) { return slot == Slot::kA ? "slot-a" : "slot-b"; }
constexpr std::optional<Slot> ParseSlotName(std::string_view name) {
  for (Slot slot : kSlots) {
    if (name == SlotName(slot)) return slot;
  }
  return std::nullopt;
}

inline constexpr std::string_view kEspName = "esp";
inline constexpr std::string_view kStateName = "state";

// Discoverable Partitions Specification.
inline constexpr std::string_view kRootTypeX64Text = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";
inline constexpr std::string_view kRootTypeArm64Text = "b921b045-1df0-41c3-af44-4c6f280d3fae";
inline constexpr std::string_view kEspTypeText = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
inline constexpr std::string_view kStateTypeText = "0fc63daf-8483-4772-8e79-3d69d8477de4";
inline constexpr Guid kRootTypeX64 = *ParseGuid(kRootTypeX64Text);
inline constexpr Guid kRootTypeArm64 = *ParseGuid(kRootTypeArm64Text);
inline constexpr Guid kEspType = *ParseGuid(kEspTypeText);
inline constexpr Guid kStateType = *ParseGuid(kStateTypeText);  // "Linux filesystem"

#if defined(__x86_64__)
inline constexpr std::string_view kRootTypeText = kRootTypeX64Text;
#elif defined(__aarch64__)
inline constexpr std::string_view kRootTypeText = kRootTypeArm64Text;
#else
#error "no root partition type known for this architecture"
#endif
// The slots' type on the architecture this is built for.
inline constexpr Guid kRootType = *ParseGuid(kRootTypeText);

// Bits 48-51 priority, 52-55 tries, 56 successful of the entry's attributes, as ChromeOS has them.
struct SlotAttributes {
  uint8_t priority = 0;  // 0 to 15; 0: never chosen
  uint8_t tries = 0;     // 0 to 15; starts left while not successful
  bool successful = false;

  constexpr bool operator==(const SlotAttributes&) const = default;
};

inline constexpr int kPriorityShift = 48;
inline constexpr int kTriesShift = 52;
inline constexpr uint64_t kSuccessfulBit = uint64_t{1} << 56;
inline constexpr uint64_t kSlotAttributeBits = uint64_t{0x1ff} << kPriorityShift;
inline constexpr uint8_t kMaxPriority = 15;
inline constexpr uint8_t kMaxTries = 15;

// Both slots carry these, since two partitions have the root type: no automatic mounting.
inline constexpr uint64_t kReadOnlyBit = uint64_t{1} << 60;
inline constexpr uint64_t kNoAutoBit = uint64_t{1} << 63;

inline constexpr uint8_t kDefaultTries = 3;
inline constexpr uint8_t kRunningPriority = 1;    // the running slot's, while another is on trial
inline constexpr uint8_t kActivatedPriority = 2;  // the activated slot's

inline constexpr SlotAttributes kUnbootable = {};

constexpr SlotAttributes DecodeSlotAttributes(uint64_t attributes) {
  return {static_cast<uint8_t>((attributes >> kPriorityShift) & 15),
          static_cast<uint8_t>((attributes >> kTriesShift) & 15),
          (attributes & kSuccessfulBit) != 0};
}

// `attributes` with the slot's bits replaced; all others stay.
constexpr uint64_t EncodeSlotAttributes(SlotAttributes slot, uint64_t attributes) {
  return (attributes & ~kSlotAttributeBits) |
         (static_cast<uint64_t>(slot.priority & 15) << kPriorityShift) |
         (static_cast<uint64_t>(slot.tries & 15) << kTriesShift) |
         (slot.successful ? kSuccessfulBit : 0);
}

constexpr bool IsBootable(SlotAttributes slot) {
  return slot.priority > 0 && (slot.successful || slot.tries > 0);
}

// Bootable, and not confirmed yet: each start of it costs a try.
constexpr bool IsOnTrial(SlotAttributes slot) { return IsBootable(slot) && !slot.successful; }

// With one try less. Only for a slot on trial.
constexpr SlotAttributes WithTryTaken(SlotAttributes slot) {
  if (slot.tries > 0) --slot.tries;
  return slot;
}

enum class SlotLookupError : uint8_t {
  kNone,
  kMissing,        // no entry has the type and the name
  kAmbiguous,      // more than one has
  kDuplicateGuid,  // another entry has the same PARTUUID, or it has none: nobody could tell which
                   // partition "the slot that was started" is
};

struct SlotLookup {
  const Partition* partition = nullptr;  // of the span given; null exactly when there is an error
  SlotLookupError error = SlotLookupError::kMissing;
};

// The partition that is `slot`: right type and name, both checked, on one disk's table.
SlotLookup FindSlot(std::span<const Partition> partitions, Slot slot,
                    const Guid& root_type = kRootType);

// "no partition of that type and name", …: for messages.
std::string_view DescribeLookupError(SlotLookupError error);

struct SlotCandidate {
  Slot slot;
  uint32_t partition_number;
  SlotAttributes attributes;
};

// The bootable candidate of the highest priority; at a tie the lower partition number.
std::optional<Slot> ChooseSlot(std::span<const SlotCandidate> candidates);

// What the next start chooses on this disk as its table stands, if every slot can be loaded.
std::optional<Slot> ChooseSlot(std::span<const Partition> partitions,
                               const Guid& root_type = kRootType);

}  // namespace matic::boot
