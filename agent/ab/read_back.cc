#include "agent/ab/read_back.h"

#include <algorithm>

#include "lib/os/aligned_buffer.h"

namespace matic::ab {

bool ReadBack::Note(const Chunk& chunk, std::stop_token stop) {
  std::deque<Written> runs;
  size_t bytes = 0;
  for (auto run = chunk.NextWritten(0); run; run = chunk.NextWritten(run->end)) {
    for (size_t at = run->begin; at < run->end;) {
      const BlockRun part{at, std::min(run->end, at + kReadBytes)};
      const auto fingerprint = fingerprinter_.Of(chunk.bytes(part));
      runs.push_back({chunk.offset + at, part.end - at, fingerprint});
      bytes += part.end - at;
      at = part.end;
    }
  }
  std::unique_lock lock(mutex_);
  const auto room = [&] { return unread_bytes_ < 2 * window_bytes_; };
  if (!writer_.wait(lock, stop, room)) return false;
  std::ranges::move(runs, std::back_inserter(written_));
  waiting_bytes_ += bytes;
  unread_bytes_ += bytes;
  if (waiting_bytes_ >= window_bytes_) reader_.notify_one();
  return true;
}

bool ReadBack::Drain(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  reader_.notify_one();
  const bool drained = writer_.wait(lock, stop, [this] { return unread_bytes_ == 0; });
  draining_ = false;
  return drained;
}

void ReadBack::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  reader_.notify_one();
}

std::deque<ReadBack::Written> ReadBack::AwaitWindow(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto told = [this] {
    return waiting_bytes_ >= window_bytes_ || closed_ || (draining_ && waiting_bytes_ > 0);
  };
  std::deque<Written> window;
  if (!reader_.wait(lock, stop, told)) return window;
  for (size_t bytes = 0; !written_.empty() && bytes < window_bytes_;) {
    bytes += written_.front().length;
    waiting_bytes_ -= written_.front().length;
    window.push_back(written_.front());
    written_.pop_front();
  }
  return window;
}

Result<> ReadBack::Run(std::stop_token stop) {
  AlignedBuffer buffer(kReadBytes);
  while (true) {
    const std::deque<Written> window = AwaitWindow(stop);
    if (window.empty()) return {};
    MATIC_TRY(slot_.Flush());
    for (const Written& written : window) {
      if (stop.stop_requested()) return {};
      MATIC_TRY(Check(written, buffer.bytes()));
      const std::scoped_lock lock(mutex_);
      unread_bytes_ -= written.length;
      writer_.notify_one();
    }
  }
}

Result<> ReadBack::Check(const Written& written, std::span<uint8_t> buffer) {
  const auto got = buffer.first(written.length);
  MATIC_TRY(slot_.Read(written.offset, got));
  if (fingerprinter_.Of(got) == written.fingerprint) return {};
  return Fail(ErrorCode::kIo, "what was read back at " + std::to_string(written.offset) +
                                  " of the slot differs from what was written (" +
                                  std::to_string(written.length) +
                                  " bytes); the storage may be failing");
}

}  // namespace matic::ab
