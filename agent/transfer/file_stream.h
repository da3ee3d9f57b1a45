// A file on a server, read from its start towards its end.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/transfer/burst_rate.h"
#include "lib/base/result.h"
#include "lib/http/http_client.h"
#include "lib/http/retry.h"
#include "lib/os/clock.h"

namespace matic::transfer {

// Fetches on a thread of its own, ahead of who reads, by kAheadBytes at most: the first part at
// once, the rest when that was read, since it may turn out that it is not wanted; from a server
// that knows no parts of files, the whole. Nothing is stored.
class FileStream {
 public:
  static constexpr size_t kFirstBytes = 384 * 1024;
  static constexpr size_t kAheadBytes = 512 * 1024;

  // A file of more than `max_bytes` is kInvalidArgument. `http` and `clock` must outlive it.
  FileStream(http::HttpClient& http, std::string url, uint64_t max_bytes,
             const http::RetryPolicy& policy, Clock& clock, std::stop_token stop);
  ~FileStream();

  // Fills from the front and says how many; 0 at the end. Errors are HttpClient's; kCorrupt where
  // the file changed while it was read.
  Result<size_t> Read(std::span<uint8_t> bytes);

  // Bytes a second that the link gives, once enough of the first part has come to tell; 0 where
  // that does not come.
  double AwaitBytesPerSecond();
  // Bytes that have not come yet; nothing while the server has not told the file's size.
  std::optional<uint64_t> BytesToCome();

 private:
  class Sink;
  void Run();
  Result<> Fetch();
  Result<> FetchPart(Sink& sink, uint64_t length);

  http::HttpClient& http_;
  const std::string url_;
  const uint64_t max_bytes_;
  const http::RetryPolicy policy_;
  Clock& clock_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::vector<uint8_t>> waiting_;
  size_t waiting_bytes_ = 0;
  size_t taken_ = 0;  // of the first that waits
  uint64_t received_ = 0;
  std::optional<uint64_t> total_;
  BurstRate rate_;
  bool first_is_there_ = false;
  bool more_is_wanted_ = false;
  std::optional<Result<>> ended_with_;

  std::stop_source ended_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace matic::transfer
