// Parts of a file on a server, several of them under way at once, read in their order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/result.h"
#include "lib/delta/patch_header.h"
#include "lib/http/http_client.h"
#include "lib/http/retry.h"
#include "lib/os/clock.h"

namespace matic::transfer {

struct RangedFile {
  std::string url;
  uint64_t bytes = 0;  // what the file has; one of another size is another file
};

// Connections, each kept for the ranges that its thread fetches.
inline constexpr unsigned kConnections = 6;

class RangeStream {
 public:
  // `http` and `clock` must outlive it. Takes as much memory as kConnections + 1 of the ranges.
  RangeStream(http::HttpClient& http, RangedFile file, std::vector<delta::ByteRange> ranges,
              const http::RetryPolicy& policy, Clock& clock, std::stop_token stop);
  ~RangeStream();

  // The next bytes of the ranges, as if they were one file. Errors are HttpClient's; kCorrupt where
  // the file is of another size, kInvalidArgument beyond the last range. None can be mended by
  // reading on. That the content is right is for who reads to see: servers behind one name may
  // have other validators for the same file.
  Result<> Read(std::span<uint8_t> bytes);

 private:
  class Part;
  void Work();
  Result<> Fetch(size_t index, http::Connection& connection);
  std::optional<size_t> TakeNext(std::stop_token stop);

  http::HttpClient& http_;
  const RangedFile file_;
  const std::vector<delta::ByteRange> ranges_;
  const http::RetryPolicy policy_;
  Clock& clock_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  size_t next_ = 0;                                 // that no thread has taken yet
  size_t reading_ = 0;                              // that Read is at
  size_t taken_ = 0;                                // of the range that Read is at
  std::map<size_t, std::vector<uint8_t>> fetched_;  // as far as they have come
  std::optional<Error> failure_;

  std::stop_source ended_;
  std::stop_callback<std::function<void()>> forward_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace matic::transfer
