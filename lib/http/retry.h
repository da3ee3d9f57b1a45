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
  // The clock must outlive it.
  Retries(const RetryPolicy& policy, Clock& clock) : policy_(policy), clock_(clock) {}

  // The failures so far do not count any more.
  void Progress() { failures_ = 0; }
  // Returns when it is time for the next attempt. `error` where there is none left ("given up after
  // 6 attempts: …"); kCancelled when stopped.
  Result<> After(const Error& error, std::stop_token stop);

 private:
  std::chrono::seconds Backoff() const;

  const RetryPolicy policy_;
  Clock& clock_;
  uint32_t failures_ = 0;
};

}  // namespace matic::http
