#include "boot/efi/device_path.h"

#include <algorithm>

#include "boot/policy/little_endian.h"

namespace matic::boot {
namespace {

constexpr size_t kNodeHeaderBytes = 4;  // type, subtype, u16 length
constexpr uint8_t kMediaType = 4;
constexpr uint8_t kHardDriveSubtype = 1;
constexpr uint8_t kEndType = 0x7f;

// A hard drive node, which is a partition.
constexpr size_t kHardDriveBytes = 42;
constexpr size_t kNumberAt = 4;
constexpr size_t kStartAt = 8;
constexpr size_t kSignatureAt = 24;
constexpr size_t kSignatureTypeAt = 41;
constexpr uint8_t kGuidSignature = 2;

size_t NodeBytes(const uint8_t* node) { return Load16(std::span(node, kNodeHeaderBytes), 2); }

bool IsPartitionNode(std::span<const uint8_t> node) {
  return node.size() == kHardDriveBytes && node[0] == kMediaType && node[1] == kHardDriveSubtype;
}

}  // namespace

std::optional<std::span<const uint8_t>> DevicePathNodes(const void* path) {
  const auto* first = static_cast<const uint8_t*>(path);
  size_t at = 0;
  while (at < kMaxDevicePathBytes) {
    if (first[at] == kEndType) return std::span(first, at);
    const size_t bytes = NodeBytes(first + at);
    if (bytes < kNodeHeaderBytes) return std::nullopt;
    at += bytes;
  }
  return std::nullopt;
}

std::optional<std::span<const uint8_t>> DiskOfPartition(std::span<const uint8_t> nodes) {
  size_t at = 0;
  while (at < nodes.size()) {
    const size_t bytes = NodeBytes(nodes.data() + at);
    const bool last = at + bytes == nodes.size();
    if (last && IsPartitionNode(nodes.subspan(at, bytes))) return nodes.first(at);
    at += bytes;
  }
  return std::nullopt;
}

bool IsPartitionOf(std::span<const uint8_t> nodes, std::span<const uint8_t> disk_nodes,
                   const Partition& partition) {
  if (nodes.size() != disk_nodes.size() + kHardDriveBytes) return false;
  if (!std::equal(disk_nodes.begin(), disk_nodes.end(), nodes.begin())) return false;
  const std::span<const uint8_t> node = nodes.subspan(disk_nodes.size());
  return IsPartitionNode(node) && Load32(node, kNumberAt) == partition.number &&
         Load64(node, kStartAt) == partition.first_lba &&
         node[kSignatureTypeAt] == kGuidSignature &&
         std::equal(partition.unique.bytes.begin(), partition.unique.bytes.end(),
                    node.begin() + kSignatureAt);
}

}  // namespace matic::boot
