// Asking again after a failure that may pass.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

#include "lib/base/result.h"
#include "lib/os/clock.h"

namespace matic::http {

struct RetryPolicy {
  uint32_t retries = 5;             // in a row without progress
  std::chrono::seconds backoff{2};  // before the first; doubles with each, up to a minute
};

// Whether the same request may do better later.
bool MayPass(const Error& error);

// Counts failures, and waits after each.
class Retries {
 public:
  // Less than this is no progress: a server that cuts every answer short must not be asked for
  // ever.
  static constexpr uint64_t kProgressBytes = 64 * 1024;

  // The clock must outlive it. `received`: what an earlier run has left.
  Retries(const RetryPolicy& policy, Clock& clock, uint64_t received = 0,
          uint64_t progress_bytes = kProgressBytes)
      : policy_(policy), clock_(clock), progress_bytes_(progress_bytes), furthest_(received) {}

  // Returns when it is time for the next attempt. Failures before a progress, told by how much has
  // been received over all attempts, do not count any more. `error` where no attempt is left
  // ("given up after 6 attempts: …"); kCancelled when stopped.
  Result<> After(const Error& error, uint64_t received, std::stop_token stop);

 private:
  std::chrono::seconds Backoff() const;

  const RetryPolicy policy_;
  Clock& clock_;
  const uint64_t progress_bytes_;
  uint64_t furthest_;
  uint32_t failures_ = 0;
};

}  // namespace matic::http
