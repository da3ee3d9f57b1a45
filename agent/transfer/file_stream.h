// A file on a server, read from its start to its end.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include "agent/transfer/burst_rate.h"
#include "agent/transfer/image_source.h"

namespace matic::transfer {

// Fetches on a thread of its own, ahead of who reads, by kAheadBytes at most. Nothing is stored.
class FileStream {
 public:
  static constexpr size_t kAheadBytes = 2 * 1024 * 1024;

  // No more than `max_bytes` are fetched. The clock must outlive it.
  FileStream(std::unique_ptr<ImageSource> source, uint64_t max_bytes, Clock& clock,
             std::stop_token stop);
  ~FileStream();

  // Fills from the front and says how many; 0 at the end. Errors are the source's; kCorrupt where
  // the file changed while it was read.
  Result<size_t> Read(std::span<uint8_t> bytes);

  // Bytes a second that the link gives; 0 while that is not known.
  double BytesPerSecond();
  // Bytes that have not come yet; nothing while the server has not told the file's size.
  std::optional<uint64_t> BytesToCome();

 private:
  class Sink;
  void Run(uint64_t max_bytes);

  const std::unique_ptr<ImageSource> source_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::vector<uint8_t>> waiting_;
  size_t waiting_bytes_ = 0;
  size_t taken_ = 0;  // of the first that waits
  uint64_t received_ = 0;
  std::optional<uint64_t> total_;
  BurstRate rate_;
  std::optional<Result<>> ended_with_;

  std::stop_source ended_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace matic::transfer
