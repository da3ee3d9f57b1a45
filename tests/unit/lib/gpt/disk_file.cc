#include "tests/unit/lib/gpt/disk_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace matic::gpt {
namespace {

boot::Guid UniqueGuid(uint8_t n) {
  boot::Guid guid;
  guid.bytes.fill(n);
  return guid;
}

}  // namespace

std::vector<NewPartition> FactoryPartitions() {
  const uint64_t slot_bits = boot::kReadOnlyBit | boot::kNoAutoBit;
  return {
      {"esp", boot::kEspType, UniqueGuid(1), 4 * kMiB, 0},
      {"slot-a", boot::kRootType, UniqueGuid(2), 16 * kMiB,
       boot::EncodeSlotAttributes({1, 0, true}, slot_bits)},
      {"slot-b", boot::kRootType, UniqueGuid(3), 16 * kMiB, slot_bits},
      {"state", boot::kStateType, UniqueGuid(4), 0, 0},
  };
}

DiskFile::DiskFile(uint32_t sector_size, const std::filesystem::path& folder)
    : folder_(folder), path_(folder_ / "disk.img"), sector_size_(sector_size) {
  std::ofstream(path_).flush();
  std::filesystem::resize_file(path_, kDiskBytes);
  const std::vector<NewPartition> partitions = FactoryPartitions();
  const Result<GptTable> created = CreateGpt(
      path_, {.disk_guid = UniqueGuid(9), .sector_size = sector_size, .partitions = partitions});
  EXPECT_TRUE(created) << created.error().message;
}

std::vector<uint8_t> DiskFile::Read(uint64_t offset, size_t length) const {
  std::vector<uint8_t> bytes(length);
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(length));
  EXPECT_TRUE(file);
  return bytes;
}

void DiskFile::Write(uint64_t offset, std::span<const uint8_t> bytes) const {
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(file);
}

void DiskFile::Damage(uint64_t offset) const {
  std::vector<uint8_t> bytes = Read(offset, 16);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(~byte);
  Write(offset, bytes);
}

void DiskFile::Grow(uint64_t bytes) const { std::filesystem::resize_file(path_, size() + bytes); }

boot::SlotAttributes AttributesOf(const GptTable& table, boot::Slot slot) {
  const Result<boot::Partition> partition = FindSlot(table, slot);
  EXPECT_TRUE(partition) << partition.error().message;
  return partition ? boot::DecodeSlotAttributes(partition->attributes) : boot::SlotAttributes{};
}

}  // namespace matic::gpt
