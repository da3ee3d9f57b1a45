#include "agent/transfer/file_stream.h"

#include <algorithm>
#include <utility>

namespace matic::transfer {

class FileStream::Sink final : public ImageSink {
 public:
  explicit Sink(FileStream& stream) : stream_(stream) {}

  void SetTotal(std::optional<uint64_t> bytes, const std::string&) override {
    const std::scoped_lock lock(stream_.mutex_);
    stream_.total_ = bytes;
  }
  // What was read already cannot be taken back.
  void Restart() override { began_anew_ = true; }

  Result<> Write(std::span<const uint8_t> bytes) override {
    if (began_anew_) return Fail(ErrorCode::kCorrupt, "it began anew while it was read");
    std::unique_lock lock(stream_.mutex_);
    stream_.rate_.Note(bytes.size(), stream_.clock_.SinceBoot());
    const auto room = [this] { return stream_.waiting_bytes_ < kAheadBytes; };
    if (!stream_.changed_.wait(lock, stream_.ended_.get_token(), room)) {
      return Fail(ErrorCode::kCancelled, "stopped while fetching");
    }
    stream_.waiting_.emplace_back(bytes.begin(), bytes.end());
    stream_.waiting_bytes_ += bytes.size();
    stream_.received_ += bytes.size();
    lock.unlock();
    stream_.changed_.notify_all();
    return {};
  }
  Result<> WriteInPlace(std::span<const uint8_t> bytes) override { return Write(bytes); }

 private:
  FileStream& stream_;
  bool began_anew_ = false;
};

FileStream::FileStream(std::unique_ptr<ImageSource> source, uint64_t max_bytes, Clock& clock,
                       std::stop_token stop)
    : source_(std::move(source)),
      clock_(clock),
      forward_(std::move(stop), [this] { ended_.request_stop(); }),
      thread_([this, max_bytes] { Run(max_bytes); }) {}

FileStream::~FileStream() { ended_.request_stop(); }

void FileStream::Run(uint64_t max_bytes) {
  Sink sink(*this);
  Result<> fetched = source_->Fetch({}, max_bytes, sink, ended_.get_token());
  {
    const std::scoped_lock lock(mutex_);
    ended_with_ = std::move(fetched);
  }
  changed_.notify_all();
}

Result<size_t> FileStream::Read(std::span<uint8_t> bytes) {
  std::unique_lock lock(mutex_);
  const auto there = [this] { return !waiting_.empty() || ended_with_; };
  if (!changed_.wait(lock, ended_.get_token(), there)) {
    return Fail(ErrorCode::kCancelled, "stopped while fetching");
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

double FileStream::BytesPerSecond() {
  const std::scoped_lock lock(mutex_);
  return rate_.best();
}

std::optional<uint64_t> FileStream::BytesToCome() {
  const std::scoped_lock lock(mutex_);
  if (!total_) return std::nullopt;
  return *total_ - std::min(*total_, received_);
}

}  // namespace matic::transfer
