#include "lib/os/linux_block_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "lib/os/aligned_buffer.h"
#include "lib/os/partition_device.h"
#include "tests/unit/lib/os/file_size_limit.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

using ::testing::HasSubstr;
using Access = LinuxBlockDevice::Access;

constexpr uint64_t kMiB = 1024 * 1024;

std::vector<uint8_t> Pattern(size_t size, uint8_t seed) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(seed + i * 7 + i / 251);
  return bytes;
}

// On the disk of this machine, and on a tmpfs, which may refuse O_DIRECT.
class LinuxBlockDeviceTest : public testing::TestWithParam<const char*> {
 protected:
  LinuxBlockDeviceTest() { MakeFile(4 * kMiB); }

  void MakeFile(uint64_t size) {
    std::ofstream(path_).flush();
    std::filesystem::resize_file(path_, size);
  }
  std::unique_ptr<LinuxBlockDevice> Open(Access access = Access::kReadWrite) const {
    auto device = LinuxBlockDevice::Open(path_, access);
    EXPECT_TRUE(device) << device.error().message;
    return device ? std::move(*device) : nullptr;
  }
  std::vector<uint8_t> FileContent() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const TemporaryFolder folder_{GetParam()};
  const std::filesystem::path path_ = folder_ / "disk.img";
};
INSTANTIATE_TEST_SUITE_P(Filesystems, LinuxBlockDeviceTest,
                         testing::Values("/var/tmp", "/dev/shm"));

TEST_P(LinuxBlockDeviceTest, ReadsBackEveryAlignment) {
  const auto device = Open();
  EXPECT_EQ(device->size(), 4 * kMiB);
  EXPECT_EQ(device->sector_size(), 512u);
  std::vector<uint8_t> expected(4 * kMiB);
  struct Case {
    uint64_t offset;
    size_t length;
    size_t memory;  // how far the buffer is off its alignment
  };
  const Case cases[] = {
      {0, 4096, 0},         {4096, 8192, 1},
      {512, 512, 0},        {513, 17, 3},
      {4095, 2, 0},         {100, 2 * kMiB, 5},
      {kMiB, kMiB, 0},      {kMiB - 1, kMiB + 2, 8},
      {4 * kMiB - 1, 1, 0}, {4 * kMiB - 4097, 4097, 1},
      {4 * kMiB, 0, 0},
  };
  uint8_t seed = 1;
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << c.offset << "+" << c.length << " memory+" << c.memory);
    const std::vector<uint8_t> bytes = Pattern(c.length, seed++);
    AlignedBuffer buffer(c.length + c.memory);
    const std::span<uint8_t> part = buffer.bytes().subspan(c.memory);
    std::ranges::copy(bytes, part.begin());
    std::ranges::copy(bytes, expected.begin() + static_cast<ptrdiff_t>(c.offset));
    const Result<> written = device->Write(c.offset, part);
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_TRUE(device->Flush());

    std::ranges::fill(part, uint8_t{0});
    const Result<> read = device->Read(c.offset, part);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(std::ranges::equal(part, bytes));
    EXPECT_TRUE(FileContent() == expected);
  }
}

TEST_P(LinuxBlockDeviceTest, AFileNeedNotEndAtASector) {
  MakeFile(kMiB + 100);
  const auto device = Open();
  const std::vector<uint8_t> tail = Pattern(300, 9);
  ASSERT_TRUE(device->Write(kMiB - 200, tail));
  std::vector<uint8_t> read(300);
  ASSERT_TRUE(device->Read(kMiB - 200, read));
  EXPECT_EQ(read, tail);
  EXPECT_EQ(std::filesystem::file_size(path_), kMiB + 100);
}

TEST_P(LinuxBlockDeviceTest, RefusesWhatReachesBeyondTheEnd) {
  const auto device = Open();
  std::vector<uint8_t> bytes(4096);
  struct Case {
    uint64_t offset;
    std::string where;
  };
  for (const Case& c : {Case{4 * kMiB, "at 4194304"}, Case{4 * kMiB - 1, "at 4194303"},
                        Case{UINT64_MAX, "at 18446744073709551615"}}) {
    const Result<> written = device->Write(c.offset, bytes);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(written.error().message,
                HasSubstr("write " + path_.string() + " " + c.where +
                          ": 4096 bytes reach beyond its end (4194304 bytes)"));
    EXPECT_FALSE(device->Read(c.offset, bytes));
  }
  EXPECT_EQ(std::filesystem::file_size(path_), 4 * kMiB);
}

TEST_P(LinuxBlockDeviceTest, AFileThatShrankIsAReadError) {
  const auto device = Open();
  std::filesystem::resize_file(path_, kMiB);
  std::vector<uint8_t> bytes(8192);
  for (const uint64_t offset : {2 * kMiB, kMiB - 4096, 2 * kMiB + 1}) {
    const Result<> read = device->Read(offset, bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kIo);
    EXPECT_THAT(read.error().message, HasSubstr("read " + path_.string()));
  }
}

TEST_P(LinuxBlockDeviceTest, SeesWhatAnotherDescriptorWrote) {
  const auto device = Open();
  std::vector<uint8_t> read(kMiB);
  ASSERT_TRUE(device->Read(0, read));
  const std::vector<uint8_t> bytes = Pattern(kMiB, 4);
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(kMiB));
  file.flush();
  ASSERT_TRUE(device->Read(0, read));
  EXPECT_TRUE(read == bytes);
}

TEST_P(LinuxBlockDeviceTest, AReadOnlyDeviceIsNotWritten) {
  const auto device = Open(Access::kReadOnly);
  std::vector<uint8_t> bytes(4096, 1);
  const Result<> written = device->Write(0, bytes);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("write " + path_.string() + " at 0: "));
  ASSERT_TRUE(device->Read(0, bytes));
  EXPECT_EQ(bytes, std::vector<uint8_t>(4096, 0));
}

TEST(LinuxBlockDevice, RefusesWhatIsNoDisk) {
  EXPECT_EQ(LinuxBlockDevice::Open("/nonexistent", Access::kReadOnly).error().code,
            ErrorCode::kNotFound);
  const TemporaryFolder folder;
  EXPECT_EQ(LinuxBlockDevice::Open(folder.path(), Access::kReadOnly).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(LinuxBlockDevice::Open("/dev/null", Access::kReadWrite).error().code,
            ErrorCode::kInvalidArgument);
  const std::filesystem::path fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(LinuxBlockDevice::Open(fifo, Access::kReadOnly).error().code,
            ErrorCode::kInvalidArgument)
      << "and does not hang";
}

TEST(LinuxBlockDevice, AWriteThatFailsSaysWhatAndWhere) {
  const TemporaryFolder folder("/var/tmp");
  const std::filesystem::path path = folder / "disk.img";
  std::ofstream(path).flush();
  std::filesystem::resize_file(path, 4 * kMiB);
  ASSERT_EXIT(
      {
        LimitFileSize(kMiB);
        auto device = LinuxBlockDevice::Open(path, Access::kReadWrite);
        const Result<> written =
            (*device)->Write(kMiB - 4096, std::vector<uint8_t>(3 * 4096, uint8_t{1}));
        std::fprintf(stderr, "%s\n", written ? "written" : written.error().message.c_str());
        std::exit(0);
      },
      testing::ExitedWithCode(0), "disk.img at 1048576: File too large");
}

TEST(PartitionDevice, CannotBeLeft) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "disk.img";
  std::ofstream(path).flush();
  std::filesystem::resize_file(path, 4 * kMiB);
  const auto disk = *LinuxBlockDevice::Open(path, Access::kReadWrite);
  Result<PartitionDevice> slot = PartitionDevice::Create(*disk, "slot-b", kMiB, 2 * kMiB);
  ASSERT_TRUE(slot);
  EXPECT_EQ(slot->size(), 2 * kMiB);
  const std::vector<uint8_t> bytes = Pattern(4096, 3);
  ASSERT_TRUE(slot->Write(2 * kMiB - 4096, bytes));
  std::vector<uint8_t> read(4096);
  ASSERT_TRUE(disk->Read(3 * kMiB - 4096, read));
  EXPECT_EQ(read, bytes);

  const Result<> beyond = slot->Write(2 * kMiB - 4095, bytes);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(beyond.error().message,
              HasSubstr("write slot-b at 2093057: 4096 bytes reach beyond"));
  EXPECT_FALSE(slot->Read(UINT64_MAX - 100, read));
  EXPECT_FALSE(PartitionDevice::Create(*disk, "slot-c", 3 * kMiB, 2 * kMiB));
  EXPECT_FALSE(PartitionDevice::Create(*disk, "slot-c", UINT64_MAX, 2));
}

}  // namespace
}  // namespace matic
