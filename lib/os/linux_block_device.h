// Disks, partitions and plain files through the kernel, past its page cache.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "lib/base/unique_fd.h"
#include "lib/os/block_device.h"

namespace matic {

// Reads and writes whole sectors with O_DIRECT, so that what is read back comes from the device.
// Where the filesystem of a plain file refuses O_DIRECT, pages are dropped before a read instead
// (on tmpfs they are the medium). Buffers at multiples of kDirectAlignment go as they are, others
// through one that is (lib/os/aligned_buffer.h). Parts of a sector at the ends of a write go
// through the page cache, never by reading and writing back their neighbours.
//
// Errors say what and where: "write /dev/vda3 at 41943040: No space left on device". The size is
// that at Open; a plain file never grows. Safe to use from several threads at once for different
// ranges.
class LinuxBlockDevice final : public BlockDevice {
 public:
  enum class Access { kReadOnly, kReadWrite };

  // kInvalidArgument for anything but a block device or a plain file.
  static Result<std::unique_ptr<LinuxBlockDevice>> Open(const std::filesystem::path& path,
                                                        Access access);

  Result<> Read(uint64_t offset, std::span<uint8_t> buffer) override;
  Result<> Write(uint64_t offset, std::span<const uint8_t> bytes) override;
  Result<> Flush() override;
  uint64_t size() const override { return size_; }

  // Of a block device its logical sectors; 512 of a plain file.
  uint32_t sector_size() const { return sector_size_; }
  bool is_plain_file() const { return is_plain_file_; }
  const std::string& name() const { return name_; }

 private:
  LinuxBlockDevice() = default;
  Result<> ReadDirect(uint64_t offset, std::span<uint8_t> buffer);
  Result<> WriteDirect(uint64_t offset, std::span<const uint8_t> bytes);
  Result<> WriteBuffered(uint64_t offset, std::span<const uint8_t> bytes);
  bool GoesDirect() const { return direct_.valid() && direct_works_; }

  std::string name_;
  UniqueFd buffered_;
  UniqueFd direct_;
  // A filesystem may take O_DIRECT at open and refuse the first read.
  std::atomic<bool> direct_works_ = true;
  uint64_t size_ = 0;
  uint32_t sector_size_ = 512;
  uint32_t direct_unit_ = 512;  // offsets and lengths of direct I/O are multiples of it
  bool is_plain_file_ = false;
};

}  // namespace matic
