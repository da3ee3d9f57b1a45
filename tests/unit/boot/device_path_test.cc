#include "boot/efi/device_path.h"

#include <gtest/gtest.h>

#include <vector>

#include "boot/policy/little_endian.h"

namespace matic::boot {
namespace {

using Bytes = std::vector<uint8_t>;

const Bytes kPci = {1, 1, 6, 0, 0, 2};
const Bytes kEnd = {0x7f, 0xff, 4, 0};

Partition SlotB() {
  Partition partition;
  partition.number = 3;
  partition.first_lba = 2048;
  partition.unique.bytes.fill(0xb3);
  return partition;
}

Bytes PartitionNode(const Partition& partition) {
  Bytes node(42);
  node[0] = 4;
  node[1] = 1;
  node[2] = 42;
  Store32(node, 4, partition.number);
  Store64(node, 8, partition.first_lba);
  std::copy(partition.unique.bytes.begin(), partition.unique.bytes.end(), node.begin() + 24);
  node[40] = 2;
  node[41] = 2;
  return node;
}

Bytes Join(std::initializer_list<Bytes> nodes) {
  Bytes path;
  for (const Bytes& node : nodes) path.insert(path.end(), node.begin(), node.end());
  return path;
}

TEST(DevicePath, DiskOfAPartitionIsWhatIsBeforeItsLastNode) {
  const Bytes path = Join({kPci, PartitionNode(SlotB()), kEnd});
  const auto nodes = DevicePathNodes(path.data());
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->size(), kPci.size() + 42);
  const auto disk = DiskOfPartition(*nodes);
  ASSERT_TRUE(disk);
  EXPECT_EQ(Bytes(disk->begin(), disk->end()), kPci);
}

TEST(DevicePath, AWholeDiskIsNoPartition) {
  const Bytes path = Join({kPci, kEnd});
  EXPECT_FALSE(DiskOfPartition(*DevicePathNodes(path.data())));
}

TEST(DevicePath, ANodeWithoutLengthIsRefused) {
  const Bytes path = Join({kPci, {4, 1, 0, 0}, kEnd});
  EXPECT_FALSE(DevicePathNodes(path.data()));
}

TEST(DevicePath, APartitionIsKnownByDiskNumberStartAndGuid) {
  const Bytes path = Join({kPci, PartitionNode(SlotB())});
  EXPECT_TRUE(IsPartitionOf(path, kPci, SlotB()));
  EXPECT_FALSE(IsPartitionOf(path, Bytes{1, 1, 6, 0, 0, 3}, SlotB()));
  EXPECT_FALSE(IsPartitionOf(kPci, kPci, SlotB()));
  for (int change = 0; change < 3; ++change) {
    Partition other = SlotB();
    if (change == 0) other.number = 2;
    if (change == 1) other.first_lba = 4096;
    if (change == 2) other.unique.bytes[15] = 0;
    EXPECT_FALSE(IsPartitionOf(path, kPci, other)) << change;
  }
}

}  // namespace
}  // namespace matic::boot
