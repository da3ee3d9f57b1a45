// A part of a block device that cannot be left.
#pragma once

#include <string>

#include "lib/os/block_device.h"

namespace matic {

// Bytes [start, start + size) of `disk`, which must outlive this. Reads and writes that reach
// beyond them are kInvalidArgument and touch nothing. Flush flushes the whole disk.
class PartitionDevice final : public BlockDevice {
 public:
  // `name` is for errors ("slot-b"). kInvalidArgument where the part does not lie within `disk`.
  static Result<PartitionDevice> Create(BlockDevice& disk, std::string name, uint64_t start,
                                        uint64_t size);

  Result<> Read(uint64_t offset, std::span<uint8_t> buffer) override;
  Result<> Write(uint64_t offset, std::span<const uint8_t> bytes) override;
  Result<> Flush() override;
  uint64_t size() const override { return size_; }

 private:
  PartitionDevice(BlockDevice& disk, std::string name, uint64_t start, uint64_t size)
      : disk_(&disk), name_(std::move(name)), start_(start), size_(size) {}

  BlockDevice* disk_;
  std::string name_;
  uint64_t start_;
  uint64_t size_;
};

}  // namespace matic
