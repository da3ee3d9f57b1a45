#include "osctl/expiry.h"

#include <charconv>
#include <chrono>

namespace matic::osctl {
namespace {

constexpr int kMaxDays = 36500;
constexpr size_t kDateSize = 10;  // "2026-04-01"

Result<WallTime> Parse(const std::string& text, WallTime from) {
  int days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error == std::errc() && end + 1 == text.data() + text.size() && *end == 'd' && days > 0 &&
      days <= kMaxDays) {
    return from + std::chrono::hours(24) * days;
  }
  return ParseTime(text.size() == kDateSize ? text + "T00:00:00Z" : text);
}

}  // namespace

Result<WallTime> ParseExpiry(const std::string& text, WallTime from) {
  Result<WallTime> time = Parse(text, from);
  if (!time) {
    return Fail(ErrorCode::kInvalidArgument,
                "--expires: '" + text +
                    "' is neither a number of days (90d) nor a time (2026-04-01, "
                    "2026-04-01T00:00:00Z)");
  }
  if (*time <= from) {
    return Fail(ErrorCode::kInvalidArgument,
                "--expires: " + FormatTime(*time) + " is not after " + FormatTime(from));
  }
  if (*time > from + std::chrono::hours(24) * kMaxDays) {
    return Fail(ErrorCode::kInvalidArgument, "--expires: '" + text + "' is over 100 years away");
  }
  return time;
}

}  // namespace matic::osctl
