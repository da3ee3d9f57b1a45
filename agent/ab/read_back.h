// Whether a slot keeps what it is given.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>

#include "agent/ab/chunk_ring.h"
#include "lib/base/result.h"
#include "lib/crypto/fingerprint.h"
#include "lib/os/block_device.h"

namespace matic::ab {

// One thread writes and tells what it wrote, another one reads it from the device, past the page
// cache, a window at a time and behind a flush. What is kept of the bytes meanwhile is their
// fingerprint, so that a window may be much larger than what is in memory: a flush takes long.
class ReadBack {
 public:
  ReadBack(BlockDevice& slot, size_t window_bytes) : slot_(slot), window_bytes_(window_bytes) {}

  // The writing side. Of a chunk that was just written; waits where the reading is two windows
  // behind. No when stopped.
  bool Note(const Chunk& chunk, std::stop_token stop);
  // Until all that was noted is read back; no when stopped.
  bool Drain(std::stop_token stop);
  // Nothing more is noted.
  void Close();

  // The reading side. Returns when all was read back, or when stopped. Windows are always as large,
  // but for the last before Drain and Close. kIo where the device returns other bytes, naming
  // where.
  Result<> Run(std::stop_token stop);

 private:
  struct Written {
    uint64_t offset;
    size_t length;  // no more than kReadBytes
    crypto::Fingerprinter::Fingerprint fingerprint;
  };
  static constexpr size_t kReadBytes = 2 * 1024 * 1024;

  std::deque<Written> AwaitWindow(std::stop_token stop);
  Result<> Check(const Written& written, std::span<uint8_t> buffer);

  BlockDevice& slot_;
  const size_t window_bytes_;
  const crypto::Fingerprinter fingerprinter_;

  std::mutex mutex_;
  std::condition_variable_any writer_;
  std::condition_variable_any reader_;
  std::deque<Written> written_;
  size_t waiting_bytes_ = 0;  // of `written_`
  size_t unread_bytes_ = 0;   // of those that are being read as well
  bool closed_ = false;
  bool draining_ = false;
};

}  // namespace matic::ab
