// Device paths (UEFI specification 2.10, chapter 10) as bytes, with every node's length checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "boot/policy/partition.h"

namespace matic::boot {

inline constexpr size_t kMaxDevicePathBytes = 4096;
inline constexpr std::array<uint8_t, 4> kEndNode = {0x7f, 0xff, 4, 0};

// The nodes of the path at `path` without its end node; nothing where it is damaged or very long.
std::optional<std::span<const uint8_t>> DevicePathNodes(const void* path);

// For the path of a partition (its last node is one): the nodes of the disk it is on.
std::optional<std::span<const uint8_t>> DiskOfPartition(std::span<const uint8_t> nodes);

// Whether `nodes` are the disk's and then one node that is this partition.
bool IsPartitionOf(std::span<const uint8_t> nodes, std::span<const uint8_t> disk_nodes,
                   const Partition& partition);

}  // namespace matic::boot
