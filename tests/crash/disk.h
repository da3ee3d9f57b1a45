// A small disk with a machine's partitions, and what can be told of one that is in memory.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "boot/policy/slot.h"
#include "lib/base/result.h"
#include "tests/crash/systems.h"

namespace matic::crash {

struct Extent {
  uint64_t begin = 0;
  uint64_t end = 0;

  bool Overlaps(uint64_t from, uint64_t to) const { return from < end && begin < to; }
};

// The classes of what a write reaches.
enum class Area { kTable, kFirstBlock, kPayload };

// Where everything is; no story moves a partition.
struct Layout {
  uint32_t sector_bytes = 512;
  uint64_t disk_bytes = 0;
  std::array<Extent, 2> slots{};  // by boot::Slot

  const Extent& Of(boot::Slot slot) const { return slots[static_cast<size_t>(slot)]; }
  Area AreaOf(uint64_t from, uint64_t to) const;
  std::span<const uint8_t> SlotOf(std::span<const uint8_t> disk, boot::Slot slot) const;
};

struct FactorySlot {
  std::string version{};  // empty: the slot is
  boot::SlotAttributes attributes{};
};

struct Factory {
  uint32_t sector_bytes = 512;
  FactorySlot a;
  FactorySlot b;
};

struct FactoryDisk {
  Layout layout;
  std::vector<uint8_t> content;
};

// Made in `scratch`, which is left empty.
Result<FactoryDisk> MakeDisk(const Factory& factory, const std::filesystem::path& scratch);

// What the table says, as the selector and the agent read it.
struct SlotView {
  boot::SlotAttributes attributes;
  const System* whole = nullptr;  // null: no image, or not all of one
  const System* begun = nullptr;
};

struct DiskView {
  std::array<SlotView, 2> slots;  // by boot::Slot
  bool table_is_whole = false;

  const SlotView& Of(boot::Slot slot) const { return slots[static_cast<size_t>(slot)]; }
  // Of those marked successful and bootable the one of the highest priority.
  std::optional<boot::Slot> BestConfirmed() const;
  bool IsConfirmed(const System& system) const;
};

// kCorrupt, kNotFound as gpt::PartitionTable::Load.
Result<DiskView> LookAt(const std::filesystem::path& disk, std::span<const uint8_t> content,
                        const Layout& layout);

}  // namespace matic::crash
