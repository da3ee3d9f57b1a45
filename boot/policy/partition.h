// A used entry of a GPT, as a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "boot/policy/guid.h"

namespace matic::boot {

inline constexpr size_t kPartitionNameLength = 36;

struct Partition {
  uint32_t number = 0;  // from 1: the entry's place in the table, N of /dev/vdaN
  Guid type;
  Guid unique;             // the PARTUUID
  uint64_t first_lba = 0;  // in sectors of the disk
  uint64_t last_lba = 0;   // the last one that belongs to it
  uint64_t attributes = 0;
  std::array<char16_t, kPartitionNameLength> name{};  // UTF-16, ended by a zero unless full

  constexpr bool operator==(const Partition&) const = default;
  constexpr uint64_t sectors() const { return last_lba - first_lba + 1; }
};

constexpr bool HasName(const Partition& partition, std::string_view ascii) {
  if (ascii.size() > kPartitionNameLength) return false;
  for (size_t i = 0; i < ascii.size(); ++i) {
    if (partition.name[i] != static_cast<char16_t>(ascii[i])) return false;
  }
  return ascii.size() == kPartitionNameLength || partition.name[ascii.size()] == 0;
}

}  // namespace matic::boot
