// Whether filesystems have room.
#pragma once

#include <filesystem>
#include <vector>

#include "agent/health/configured_check.h"

namespace matic::health {

struct Room {
  std::filesystem::path path;
  uint64_t bytes = 0;
  uint64_t free_bytes = 0;  // for who is not root
  uint64_t inodes = 0;      // 0 where the filesystem does not count them
  uint64_t free_inodes = 0;
  uint64_t used_bytes = 0;  // what is neither used nor free is kept for root
};

// statvfs(3) of the filesystem that `path` is on.
Result<Room> MeasureRoom(const std::filesystem::path& path);

class DiskCheck final : public ConfiguredCheck {
 public:
  explicit DiskCheck(const config::DiskCheck& check);

  // "/var: 61 % free", or what is wrong: "/var: 2 % of 512 MiB free, must be at least 5 %".
  Finding Run(std::stop_token stop) override;
  Finding Judge(const std::vector<Room>& rooms) const;

 private:
  config::DiskCheck check_;
};

}  // namespace matic::health
