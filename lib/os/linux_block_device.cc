#include "lib/os/linux_block_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/os/aligned_buffer.h"
#include "lib/os/block_range.h"

namespace matic {
namespace {

constexpr size_t kBounceBytes = 1024 * 1024;
// The kernel moves at most 2 GiB a call; smaller calls keep a stop from waiting long.
constexpr size_t kLargestCall = 64 * 1024 * 1024;

std::string At(std::string_view verb, std::string_view name, uint64_t offset) {
  return std::string(verb) + " " + std::string(name) + " at " + std::to_string(offset);
}

// Fills as much of `buffer` as there is before the end of the file. errno is set on failure.
Result<size_t> ReadUpTo(int fd, uint64_t offset, std::span<uint8_t> buffer, std::string_view name) {
  size_t done = 0;
  while (done < buffer.size()) {
    const size_t wanted = std::min(buffer.size() - done, kLargestCall);
    const ssize_t n = ::pread(fd, buffer.data() + done, wanted, static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      return Fail(OsError(At("read", name, offset + done), errno));
    }
  }
  return done;
}

Result<> WriteAll(int fd, uint64_t offset, std::span<const uint8_t> bytes, std::string_view name) {
  size_t done = 0;
  while (done < bytes.size()) {
    const size_t wanted = std::min(bytes.size() - done, kLargestCall);
    const ssize_t n = ::pwrite(fd, bytes.data() + done, wanted, static_cast<off_t>(offset + done));
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      return Fail(OsError(At("write", name, offset + done), n == 0 ? ENOSPC : errno));
    }
  }
  return {};
}

bool IsAligned(const uint8_t* data) {
  return reinterpret_cast<uintptr_t>(data) % kDirectAlignment == 0;
}

// What direct I/O on a plain file wants as a unit: the kernel says so from 6.1 on; 4096 suits the
// filesystems that do not say.
uint32_t DirectUnitOfFile(int fd) {
#ifdef STATX_DIOALIGN
  struct statx facts {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &facts) == 0 &&
      (facts.stx_mask & STATX_DIOALIGN) != 0 && facts.stx_dio_offset_align != 0) {
    return std::max<uint32_t>(facts.stx_dio_offset_align, 512);
  }
#else
  (void)fd;
#endif
  return 4096;
}

struct Geometry {
  uint64_t size;
  uint32_t sector_size;
  uint32_t direct_unit;
  bool is_plain_file;
};

Result<Geometry> Measure(int fd, const std::string& name) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return Fail(OsError("open " + name, errno));
  if (S_ISREG(facts.st_mode)) {
    return Geometry{static_cast<uint64_t>(facts.st_size), 512, DirectUnitOfFile(fd), true};
  }
  if (!S_ISBLK(facts.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument, "open " + name + ": neither a disk nor a plain file");
  }
  uint64_t size = 0;
  int sector_size = 0;
  if (::ioctl(fd, BLKGETSIZE64, &size) != 0) return Fail(OsError("size of " + name, errno));
  if (::ioctl(fd, BLKSSZGET, &sector_size) != 0 || sector_size <= 0) {
    return Fail(OsError("sector size of " + name, errno));
  }
  const auto unit = static_cast<uint32_t>(sector_size);
  return Geometry{size, unit, unit, false};
}

}  // namespace

Result<std::unique_ptr<LinuxBlockDevice>> LinuxBlockDevice::Open(const std::filesystem::path& path,
                                                                 Access access) {
  const std::string name = path.string();
  // Not blocking, so that a FIFO by that name is an error and no hang.
  const int flags = O_CLOEXEC | O_NONBLOCK | (access == Access::kReadOnly ? O_RDONLY : O_RDWR);
  UniqueFd buffered(::open(path.c_str(), flags));
  if (!buffered.valid()) return Fail(OsError("open " + name, errno));
  MATIC_ASSIGN(const Geometry geometry, Measure(buffered.get(), name));

  std::unique_ptr<LinuxBlockDevice> device(new LinuxBlockDevice);
  device->name_ = name;
  // The same inode, whatever the path means by now.
  const std::string same = "/proc/self/fd/" + std::to_string(buffered.get());
  device->direct_.Reset(::open(same.c_str(), flags | O_DIRECT));
  device->buffered_ = std::move(buffered);
  device->size_ = geometry.size;
  device->sector_size_ = geometry.sector_size;
  device->direct_unit_ = geometry.direct_unit;
  device->is_plain_file_ = geometry.is_plain_file;
  return device;
}

Result<> LinuxBlockDevice::Read(uint64_t offset, std::span<uint8_t> buffer) {
  MATIC_TRY(CheckRange("read", name_, offset, buffer.size(), size_));
  if (buffer.empty()) return {};
  if (GoesDirect()) {
    errno = 0;
    Result<> read = ReadDirect(offset, buffer);
    if (read || errno != EINVAL) return read;
    direct_works_ = false;
  }
  // Dirty pages are not dropped, so they are written first.
  if (::fdatasync(buffered_.get()) != 0 && errno != EROFS && errno != EINVAL) {
    return Fail(OsError("flush " + name_, errno));
  }
  ::posix_fadvise(buffered_.get(), static_cast<off_t>(offset), static_cast<off_t>(buffer.size()),
                  POSIX_FADV_DONTNEED);
  MATIC_ASSIGN(const size_t done, ReadUpTo(buffered_.get(), offset, buffer, name_));
  if (done == buffer.size()) return {};
  return Fail(ErrorCode::kIo, At("read", name_, offset + done) + ": the file has become shorter");
}

Result<> LinuxBlockDevice::ReadDirect(uint64_t offset, std::span<uint8_t> buffer) {
  if (offset % direct_unit_ == 0 && buffer.size() % direct_unit_ == 0 && IsAligned(buffer.data())) {
    MATIC_ASSIGN(const size_t done, ReadUpTo(direct_.get(), offset, buffer, name_));
    if (done == buffer.size()) return {};
    return Fail(ErrorCode::kIo, At("read", name_, offset + done) + ": unexpected end");
  }
  // The whole units around what was asked for; the last one may end with the file.
  AlignedBuffer bounce(std::min(kBounceBytes, buffer.size() + 2 * size_t{direct_unit_}) /
                       direct_unit_ * direct_unit_);
  size_t done = 0;
  while (done < buffer.size()) {
    const uint64_t position = offset + done;
    const uint64_t start = position / direct_unit_ * direct_unit_;
    const size_t skip = static_cast<size_t>(position - start);
    const size_t wanted = std::min(bounce.size() - skip, buffer.size() - done);
    const size_t whole = (skip + wanted + direct_unit_ - 1) / direct_unit_ * direct_unit_;
    MATIC_ASSIGN(const size_t got,
                 ReadUpTo(direct_.get(), start, bounce.bytes().first(whole), name_));
    if (got < skip + wanted) {
      return Fail(ErrorCode::kIo, At("read", name_, start + got) + ": unexpected end");
    }
    std::memcpy(buffer.data() + done, bounce.data() + skip, wanted);
    done += wanted;
  }
  return {};
}

Result<> LinuxBlockDevice::Write(uint64_t offset, std::span<const uint8_t> bytes) {
  MATIC_TRY(CheckRange("write", name_, offset, bytes.size(), size_));
  if (bytes.empty()) return {};
  if (!GoesDirect()) return WriteBuffered(offset, bytes);

  const size_t into_unit = static_cast<size_t>(offset % direct_unit_);
  const size_t head = std::min(bytes.size(), into_unit == 0 ? 0 : direct_unit_ - into_unit);
  const size_t body = (bytes.size() - head) / direct_unit_ * direct_unit_;
  if (head > 0) MATIC_TRY(WriteBuffered(offset, bytes.first(head)));
  if (body > 0) MATIC_TRY(WriteDirect(offset + head, bytes.subspan(head, body)));
  if (head + body == bytes.size()) return {};
  return WriteBuffered(offset + head + body, bytes.subspan(head + body));
}

Result<> LinuxBlockDevice::WriteDirect(uint64_t offset, std::span<const uint8_t> bytes) {
  auto write = [this](uint64_t at, std::span<const uint8_t> part) -> Result<> {
    errno = 0;
    Result<> written = WriteAll(direct_.get(), at, part, name_);
    if (written || errno != EINVAL) return written;
    direct_works_ = false;
    return WriteBuffered(at, part);
  };
  if (IsAligned(bytes.data())) return write(offset, bytes);
  AlignedBuffer bounce(std::min(kBounceBytes, bytes.size()));
  for (size_t done = 0; done < bytes.size();) {
    const size_t part = std::min(bounce.size(), bytes.size() - done);
    std::memcpy(bounce.data(), bytes.data() + done, part);
    MATIC_TRY(write(offset + done, bounce.bytes().first(part)));
    done += part;
  }
  return {};
}

Result<> LinuxBlockDevice::WriteBuffered(uint64_t offset, std::span<const uint8_t> bytes) {
  return WriteAll(buffered_.get(), offset, bytes, name_);
}

Result<> LinuxBlockDevice::Flush() {
  // Both descriptors are of one inode: one call covers what went through either.
  if (::fdatasync(buffered_.get()) != 0) return Fail(OsError("flush " + name_, errno));
  return {};
}

}  // namespace matic
