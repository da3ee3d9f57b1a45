#include "osctl/disk/sparse_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <vector>

#include "lib/base/unique_fd.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockBytes = 64 * 1024;
constexpr size_t kChunkBytes = 16 * kBlockBytes;

Result<UniqueFd> Open(const fs::path& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0666));
  if (!fd.valid()) return Fail(OsError("open " + path.string(), errno));
  return fd;
}

bool IsZero(std::span<const uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

Result<> WriteBlock(int fd, std::span<const uint8_t> bytes, uint64_t offset, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return Fail(OsError("write " + path.string() + " at " + std::to_string(offset), errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

}  // namespace

Result<> CreateSparseFile(const fs::path& path, uint64_t size) {
  MATIC_ASSIGN(const UniqueFd fd, Open(path, O_WRONLY | O_CREAT | O_EXCL));
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return Fail(
        OsError("make " + path.string() + " " + std::to_string(size) + " bytes long", errno));
  }
  return {};
}

Result<> CopySparse(const fs::path& from, const fs::path& to, uint64_t offset) {
  MATIC_ASSIGN(const UniqueFd input, Open(from, O_RDONLY));
  MATIC_ASSIGN(const UniqueFd output, Open(to, O_WRONLY));
  std::vector<uint8_t> buffer(kChunkBytes);
  off_t at = 0;
  while (true) {
    const off_t data = ::lseek(input.get(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};  // only a hole is left
    if (data >= 0) at = data;
    const ssize_t n = ::pread(input.get(), buffer.data(), buffer.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail(OsError("read " + from.string() + " at " + std::to_string(at), errno));
    if (n == 0) return {};
    const std::span<const uint8_t> chunk(buffer.data(), static_cast<size_t>(n));
    for (size_t i = 0; i < chunk.size(); i += kBlockBytes) {
      const auto block = chunk.subspan(i, std::min(kBlockBytes, chunk.size() - i));
      if (IsZero(block)) continue;
      MATIC_TRY(WriteBlock(output.get(), block, offset + static_cast<uint64_t>(at) + i, to));
    }
    at += n;
  }
}

}  // namespace matic::osctl
