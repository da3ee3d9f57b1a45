#include "lib/http/retry.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace matic::http {
namespace {

constexpr std::chrono::seconds kLongestBackoff{60};

}  // namespace

bool MayPass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadline;
}

std::chrono::seconds Retries::Backoff() const {
  std::chrono::seconds wait = policy_.backoff;
  for (uint32_t i = 1; i < failures_ && wait < kLongestBackoff; ++i) wait *= 2;
  return std::min(wait, std::max(kLongestBackoff, policy_.backoff));
}

Result<> Retries::After(const Error& error, uint64_t received, std::stop_token stop) {
  if (received >= furthest_ + progress_bytes_) {
    furthest_ = received;
    failures_ = 0;
  }
  ++failures_;
  if (failures_ > policy_.retries) {
    return Fail(error.Context("given up after " + std::to_string(failures_) +
                              (failures_ == 1 ? " attempt" : " attempts")));
  }
  const std::chrono::seconds wait = Backoff();
  spdlog::warn("download: {}; trying again in {} s ({} of {})", error.message, wait.count(),
               failures_, policy_.retries);
  if (clock_.Wait(wait, std::move(stop))) return {};
  return Fail(ErrorCode::kCancelled, "stopped while waiting to try again: " + error.message);
}

}  // namespace matic::http
