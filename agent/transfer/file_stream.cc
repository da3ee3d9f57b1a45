#include "agent/transfer/file_stream.h"

#include <algorithm>
#include <utility>

namespace matic::transfer {

// Puts what comes behind what came before.
class FileStream::Sink final : public http::BodySink {
 public:
  explicit Sink(FileStream& stream) : stream_(stream) {}

  http::Request Rest(uint64_t length) {
    return {.url = stream_.url_,
            .offset = offset_,
            .validator = validator_,
            .max_bytes = stream_.max_bytes_,
            .length = length,
            .connection = &connection_};
  }

  Result<> Begin(const http::ResponseHead& head) override {
    const std::scoped_lock lock(stream_.mutex_);
    const bool other_size =
        stream_.total_ && head.total_bytes && *stream_.total_ != *head.total_bytes;
    if (head.offset != offset_ || other_size) {
      return Fail(ErrorCode::kCorrupt, head.url + ": changed while it was read");
    }
    if (head.total_bytes) stream_.total_ = head.total_bytes;
    validator_ = head.validator;
    return {};
  }

  Result<> Write(std::span<const uint8_t> bytes) override {
    std::unique_lock lock(stream_.mutex_);
    stream_.rate_.Note(bytes.size(), stream_.clock_.SinceBoot());
    const auto room = [this] { return stream_.waiting_bytes_ < kAheadBytes; };
    if (!stream_.changed_.wait(lock, stream_.ended_.get_token(), room)) {
      return Fail(ErrorCode::kCancelled, "stopped while fetching");
    }
    stream_.waiting_.emplace_back(bytes.begin(), bytes.end());
    stream_.waiting_bytes_ += bytes.size();
    stream_.received_ += bytes.size();
    offset_ += bytes.size();
    lock.unlock();
    stream_.changed_.notify_all();
    return {};
  }

  uint64_t offset() const { return offset_; }
  // Up to `length`, or the file's end.
  bool IsComplete(uint64_t length) const {
    const std::scoped_lock lock(stream_.mutex_);
    return (length > 0 && offset_ >= length) || stream_.total_ == offset_;
  }

 private:
  FileStream& stream_;
  http::Connection connection_;
  uint64_t offset_ = 0;
  std::string validator_;
};

FileStream::FileStream(http::HttpClient& http, std::string url, uint64_t max_bytes,
                       const http::RetryPolicy& policy, Clock& clock, std::stop_token stop)
    : http_(http),
      url_(std::move(url)),
      max_bytes_(max_bytes),
      policy_(policy),
      clock_(clock),
      forward_(std::move(stop), [this] { ended_.request_stop(); }),
      thread_([this] { Run(); }) {}

FileStream::~FileStream() { ended_.request_stop(); }

void FileStream::Run() {
  Result<> fetched = Fetch();
  {
    const std::scoped_lock lock(mutex_);
    ended_with_ = std::move(fetched);
  }
  changed_.notify_all();
}

Result<> FileStream::Fetch() {
  Sink sink(*this);
  const Result<> first = FetchPart(sink, kFirstBytes);
  // A server that knows no parts.
  if (!first && first.error().code == ErrorCode::kRefused) return FetchPart(sink, 0);
  MATIC_TRY(first);
  {
    std::unique_lock lock(mutex_);
    if (sink.offset() < kFirstBytes || total_ == sink.offset()) return {};
    first_is_there_ = true;
    changed_.notify_all();
    if (!changed_.wait(lock, ended_.get_token(), [this] { return more_is_wanted_; })) {
      return Fail(ErrorCode::kCancelled, "stopped while fetching");
    }
  }
  return FetchPart(sink, 0);
}

// `length` from the file's start on; 0: the rest of it.
Result<> FileStream::FetchPart(Sink& sink, uint64_t length) {
  http::Retries retries(policy_, clock_, sink.offset());
  while (true) {
    const auto answer =
        http_.Get(sink.Rest(length == 0 ? 0 : length - sink.offset()), sink, ended_.get_token());
    // Whatever went wrong behind it.
    if (answer || sink.IsComplete(length)) return {};
    if (!http::MayPass(answer.error())) return Fail(answer.error());
    MATIC_TRY(retries.After(answer.error(), sink.offset(), ended_.get_token()));
  }
}

Result<size_t> FileStream::Read(std::span<uint8_t> bytes) {
  std::unique_lock lock(mutex_);
  while (waiting_.empty() && !ended_with_) {
    // Who reads beyond the first part wants the rest.
    if (first_is_there_ && !more_is_wanted_) {
      more_is_wanted_ = true;
      changed_.notify_all();
    }
    const auto there = [this] {
      return !waiting_.empty() || ended_with_ || (first_is_there_ && !more_is_wanted_);
    };
    if (!changed_.wait(lock, ended_.get_token(), there)) {
      return Fail(ErrorCode::kCancelled, "stopped while fetching");
    }
  }
  if (waiting_.empty()) {
    if (!*ended_with_) return Fail(ended_with_->error());
    return 0;
  }
  const std::vector<uint8_t>& first = waiting_.front();
  const size_t count = std::min(bytes.size(), first.size() - taken_);
  std::copy_n(first.begin() + static_cast<ptrdiff_t>(taken_), count, bytes.begin());
  taken_ += count;
  if (taken_ == first.size()) {
    waiting_bytes_ -= first.size();
    waiting_.pop_front();
    taken_ = 0;
  }
  lock.unlock();
  changed_.notify_all();
  return count;
}

double FileStream::AwaitBytesPerSecond() {
  std::unique_lock lock(mutex_);
  // Or nothing more comes before some of it is read.
  const auto told = [this] {
    return rate_.best() > 0 || ended_with_ || first_is_there_ || waiting_bytes_ >= kAheadBytes;
  };
  changed_.wait(lock, ended_.get_token(), told);
  return rate_.best();
}

std::optional<uint64_t> FileStream::BytesToCome() {
  const std::scoped_lock lock(mutex_);
  if (!total_) return std::nullopt;
  return *total_ - std::min(*total_, received_);
}

}  // namespace matic::transfer
