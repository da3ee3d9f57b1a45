// A disk image or a block device, in sectors, as the firmware would offer it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "boot/policy/gpt_copy.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic::boot {

enum class DiskAccess { kReadOnly, kReadWrite };

class DiskFile {
 public:
  // Without `sector_bytes` a block device is asked; a file has 512, unless it holds a partition
  // table for 4096 only.
  static Result<DiskFile> Open(const std::string& path, DiskAccess access,
                               std::optional<uint32_t> sector_bytes);

  const DiskGeometry& geometry() const { return geometry_; }
  Result<> Read(uint64_t lba, std::span<uint8_t> into) const;
  Result<> Write(uint64_t lba, std::span<const uint8_t> bytes);
  // What was written before is durable when it returns.
  Result<> Flush();

 private:
  DiskFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Result<> FindGeometry(std::optional<uint32_t> sector_bytes);
  bool HasTableAt(uint64_t offset) const;
  bool Contains(uint64_t lba, size_t bytes) const;
  std::string Where(const char* what, uint64_t lba) const;

  UniqueFd fd_;
  std::string path_;
  DiskGeometry geometry_;
};

}  // namespace matic::boot
