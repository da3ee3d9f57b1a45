#include "lib/os/partition_device.h"

#include "lib/os/block_range.h"

namespace matic {

Result<PartitionDevice> PartitionDevice::Create(BlockDevice& disk, std::string name, uint64_t start,
                                                uint64_t size) {
  MATIC_TRY(CheckRange("open", name, start, size, disk.size()));
  return PartitionDevice(disk, std::move(name), start, size);
}

Result<> PartitionDevice::Read(uint64_t offset, std::span<uint8_t> buffer) {
  MATIC_TRY(CheckRange("read", name_, offset, buffer.size(), size_));
  return disk_->Read(start_ + offset, buffer);
}

Result<> PartitionDevice::Write(uint64_t offset, std::span<const uint8_t> bytes) {
  MATIC_TRY(CheckRange("write", name_, offset, bytes.size(), size_));
  return disk_->Write(start_ + offset, bytes);
}

Result<> PartitionDevice::Flush() { return disk_->Flush(); }

}  // namespace matic
