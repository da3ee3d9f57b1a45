#include "agent/transfer/range_stream.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace matic::transfer {

// One range, over all of its attempts.
class RangeStream::Part final : public http::BodySink {
 public:
  Part(RangeStream& stream, size_t index) : stream_(stream), index_(index) {}

  http::Request Rest(http::Connection& connection) const {
    const delta::ByteRange& range = stream_.ranges_[index_];
    return {.url = stream_.file_.url,
            .offset = range.offset + size_,
            .max_bytes = std::numeric_limits<uint64_t>::max(),
            .length = range.length - size_,
            .connection = &connection};
  }

  Result<> Begin(const http::ResponseHead& head) override {
    if (!head.total_bytes || *head.total_bytes == stream_.file_.bytes) return {};
    return Fail(ErrorCode::kCorrupt, head.url + ": is " + std::to_string(*head.total_bytes) +
                                         " bytes, its index is of " +
                                         std::to_string(stream_.file_.bytes));
  }

  Result<> Write(std::span<const uint8_t> bytes) override {
    {
      const std::scoped_lock lock(stream_.mutex_);
      auto& fetched = stream_.fetched_[index_];
      if (fetched.empty()) fetched.reserve(stream_.ranges_[index_].length);
      fetched.insert(fetched.end(), bytes.begin(), bytes.end());
    }
    size_ += bytes.size();
    stream_.changed_.notify_all();
    return {};
  }

  uint64_t size() const { return size_; }
  bool is_complete() const { return size_ == stream_.ranges_[index_].length; }

 private:
  RangeStream& stream_;
  const size_t index_;
  uint64_t size_ = 0;
};

RangeStream::RangeStream(http::HttpClient& http, RangedFile file,
                         std::vector<delta::ByteRange> ranges, const http::RetryPolicy& policy,
                         Clock& clock, std::stop_token stop)
    : http_(http),
      file_(std::move(file)),
      ranges_(std::move(ranges)),
      policy_(policy),
      clock_(clock),
      forward_(std::move(stop), [this] { ended_.request_stop(); }) {
  const size_t threads = std::min<size_t>(kConnections, ranges_.size());
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

RangeStream::~RangeStream() { ended_.request_stop(); }

Result<> RangeStream::Read(std::span<uint8_t> bytes) {
  std::unique_lock lock(mutex_);
  while (!bytes.empty()) {
    if (reading_ == ranges_.size()) {
      return Fail(ErrorCode::kInvalidArgument, file_.url + ": no more of it was asked for");
    }
    const auto more = [this] { return fetched_[reading_].size() > taken_; };
    if (!changed_.wait(lock, ended_.get_token(), [&] { return more() || failure_; })) {
      return Fail(ErrorCode::kCancelled, "stopped while fetching");
    }
    if (!more()) return Fail(*failure_);
    const std::vector<uint8_t>& current = fetched_[reading_];
    const size_t count = std::min(bytes.size(), current.size() - taken_);
    std::copy_n(current.begin() + static_cast<ptrdiff_t>(taken_), count, bytes.begin());
    bytes = bytes.subspan(count);
    taken_ += count;
    if (taken_ < ranges_[reading_].length) continue;
    fetched_.erase(reading_++);
    taken_ = 0;
    changed_.notify_all();
  }
  return {};
}

std::optional<size_t> RangeStream::TakeNext(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto may = [this] {
    return failure_ || next_ == ranges_.size() || next_ < reading_ + kConnections;
  };
  if (!changed_.wait(lock, std::move(stop), may) || failure_ || next_ == ranges_.size()) {
    return std::nullopt;
  }
  return next_++;
}

void RangeStream::Work() {
  http::Connection connection;
  while (const auto index = TakeNext(ended_.get_token())) {
    const Result<> fetched = Fetch(*index, connection);
    if (fetched) continue;
    {
      const std::scoped_lock lock(mutex_);
      if (!failure_) failure_ = fetched.error();
    }
    changed_.notify_all();
  }
}

Result<> RangeStream::Fetch(size_t index, http::Connection& connection) {
  Part part(*this, index);
  http::Retries retries(policy_, clock_);
  while (true) {
    const auto answer = http_.Get(part.Rest(connection), part, ended_.get_token());
    // Whatever went wrong behind it.
    if (part.is_complete()) return {};
    const Error error =
        answer ? Error{ErrorCode::kUnavailable, answer->url + ": ended too soon"} : answer.error();
    if (!http::MayPass(error)) return Fail(error);
    MATIC_TRY(retries.After(error, part.size(), ended_.get_token()));
  }
}

}  // namespace matic::transfer
