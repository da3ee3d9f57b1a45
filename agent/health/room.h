// How much room a filesystem has.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>

#include "lib/base/result.h"

namespace matic::health {

struct Room {
  std::filesystem::path path;
  uint64_t bytes = 0;
  uint64_t free_bytes = 0;  // for who is not root
  uint64_t inodes = 0;      // 0 where the filesystem does not count them
  uint64_t free_inodes = 0;
  uint64_t used_bytes = 0;  // what is neither used nor free is kept for root
};

// statvfs(3) of the filesystem that `path` is on. Does not return while that one does not answer,
// as one whose server is gone.
Result<Room> MeasureRoom(const std::filesystem::path& path);

// Measures within a limit. Thread-safe.
class RoomGauge {
 public:
  using Measure = std::function<Result<Room>(const std::filesystem::path&)>;
  explicit RoomGauge(Measure measure = MeasureRoom);

  // Asks in a thread that is left behind where no answer comes, one for each path at most: who asks
  // again until then waits for the same answer. kDeadline without one, kCancelled when stopped.
  Result<Room> Read(const std::filesystem::path& path, std::chrono::milliseconds limit,
                    std::stop_token stop);

 private:
  struct Question;
  std::shared_ptr<Question> Ask(const std::filesystem::path& path);

  const Measure measure_;
  std::mutex mutex_;
  std::map<std::filesystem::path, std::shared_ptr<Question>> asked_;
};

}  // namespace matic::health
