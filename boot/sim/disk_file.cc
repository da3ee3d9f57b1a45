#include "boot/sim/disk_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace matic::boot {

Result<DiskFile> DiskFile::Open(const std::string& path, DiskAccess access,
                                std::optional<uint32_t> sector_bytes) {
  const int flags = access == DiskAccess::kReadOnly ? O_RDONLY : O_RDWR;
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) return Fail(OsError("open disk " + path, errno));
  DiskFile disk(std::move(fd), path);
  MATIC_TRY(disk.FindGeometry(sector_bytes));
  return disk;
}

Result<> DiskFile::FindGeometry(std::optional<uint32_t> sector_bytes) {
  struct stat status;
  if (fstat(fd_.get(), &status) != 0) return Fail(OsError("stat " + path_, errno));
  uint64_t bytes = 0;
  int device_sector = 512;
  if (S_ISBLK(status.st_mode)) {
    if (ioctl(fd_.get(), BLKGETSIZE64, &bytes) != 0 ||
        ioctl(fd_.get(), BLKSSZGET, &device_sector) != 0) {
      return Fail(OsError("ask size of " + path_, errno));
    }
  } else if (S_ISREG(status.st_mode)) {
    bytes = static_cast<uint64_t>(status.st_size);
    if (!HasTableAt(512) && HasTableAt(4096)) device_sector = 4096;
  } else {
    return Fail(ErrorCode::kInvalidArgument, path_ + " is neither a file nor a block device");
  }
  geometry_.sector_bytes = sector_bytes.value_or(static_cast<uint32_t>(device_sector));
  geometry_.sectors = bytes / geometry_.sector_bytes;
  if (!geometry_.IsSupported()) {
    return Fail(ErrorCode::kInvalidArgument, path_ + " is too small for a disk");
  }
  return {};
}

bool DiskFile::HasTableAt(uint64_t offset) const {
  std::array<char, 8> signature{};
  const ssize_t got =
      pread(fd_.get(), signature.data(), signature.size(), static_cast<off_t>(offset));
  return got == static_cast<ssize_t>(signature.size()) &&
         std::string_view(signature.data(), signature.size()) == "EFI PART";
}

bool DiskFile::Contains(uint64_t lba, size_t bytes) const {
  const uint64_t count = bytes / geometry_.sector_bytes;
  return bytes % geometry_.sector_bytes == 0 && lba <= geometry_.sectors &&
         count <= geometry_.sectors - lba;
}

std::string DiskFile::Where(const char* what, uint64_t lba) const {
  return std::string(what) + " " + path_ + " at sector " + std::to_string(lba);
}

Result<> DiskFile::Read(uint64_t lba, std::span<uint8_t> into) const {
  if (!Contains(lba, into.size())) {
    return Fail(ErrorCode::kInvalidArgument, Where("read", lba) + ": beyond the end");
  }
  uint64_t offset = lba * geometry_.sector_bytes;
  while (!into.empty()) {
    const ssize_t got = pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(OsError(Where("read", lba), errno));
    if (got == 0) return Fail(ErrorCode::kIo, Where("read", lba) + ": the file ends");
    offset += static_cast<uint64_t>(got);
    into = into.subspan(static_cast<size_t>(got));
  }
  return {};
}

Result<> DiskFile::Write(uint64_t lba, std::span<const uint8_t> bytes) {
  if (!Contains(lba, bytes.size())) {
    return Fail(ErrorCode::kInvalidArgument, Where("write", lba) + ": beyond the end");
  }
  uint64_t offset = lba * geometry_.sector_bytes;
  while (!bytes.empty()) {
    const ssize_t put = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Fail(OsError(Where("write", lba), errno));
    offset += static_cast<uint64_t>(put);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return {};
}

Result<> DiskFile::Flush() {
  if (fdatasync(fd_.get()) != 0) return Fail(OsError("sync " + path_, errno));
  return {};
}

}  // namespace matic::boot
