#include "agent/health/room.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <condition_variable>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace matic::health {

Result<Room> MeasureRoom(const std::filesystem::path& path) {
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) != 0) return Fail(OsError(path.string(), errno));
  return Room{.path = path,
              .bytes = found.f_blocks * found.f_frsize,
              .free_bytes = found.f_bavail * found.f_frsize,
              .inodes = found.f_files,
              .free_inodes = found.f_favail,
              .used_bytes = (found.f_blocks - found.f_bfree) * found.f_frsize};
}

// Shared with the thread that looks for the answer, which may outlive who asked.
struct RoomGauge::Question {
  std::mutex mutex;
  std::condition_variable_any answered;
  std::optional<Result<Room>> answer;

  bool IsOpen() {
    const std::lock_guard lock(mutex);
    return !answer;
  }
  void Answer(Result<Room> room) {
    const std::lock_guard lock(mutex);
    answer = std::move(room);
    answered.notify_all();
  }
};

RoomGauge::RoomGauge(Measure measure) : measure_(std::move(measure)) {}

std::shared_ptr<RoomGauge::Question> RoomGauge::Ask(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Question>& last = asked_[path];
  if (last && last->IsOpen()) return last;
  last = std::make_shared<Question>();
  std::thread([question = last, measure = measure_, path] {
    question->Answer(measure(path));
  }).detach();
  return last;
}

Result<Room> RoomGauge::Read(const std::filesystem::path& path, std::chrono::milliseconds limit,
                             std::stop_token stop) {
  const std::shared_ptr<Question> question = Ask(path);
  std::unique_lock lock(question->mutex);
  question->answered.wait_for(lock, stop, limit, [&] { return question->answer.has_value(); });
  if (question->answer) return *question->answer;
  if (stop.stop_requested()) {
    return Fail(ErrorCode::kCancelled,
                path.string() + ": stopped before its filesystem gave an answer");
  }
  return Fail(ErrorCode::kDeadline,
              path.string() + ": its filesystem gave no answer in time; where it is one of a " +
                  "server, look whether that is there");
}

}  // namespace matic::health
