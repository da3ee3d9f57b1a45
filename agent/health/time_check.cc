#include "agent/health/time_check.h"

#include <sys/timex.h>

#include <cerrno>

namespace matic::health {

// The kernel's own word rather than timedatectl's: that one asks the same, through D-Bus and
// systemd-timedated, and it holds whatever time service there is.
Result<KernelClock> ReadKernelClock() {
  timex state{};
  const int verdict = ::adjtimex(&state);
  if (verdict < 0) return Fail(OsError("adjtimex", errno));
  return KernelClock{
      .synchronised = verdict != TIME_ERROR && (state.status & STA_UNSYNC) == 0,
      .max_error = std::chrono::microseconds(state.maxerror),
  };
}

Finding JudgeClock(const KernelClock& clock) {
  if (!clock.synchronised) return {false, "the clock is not synchronised"};
  const auto error = std::chrono::ceil<std::chrono::milliseconds>(clock.max_error);
  return {true, "synchronised, off by at most " + std::to_string(error.count()) + " ms"};
}

Finding TimeCheck::Run(std::stop_token) {
  const Result<KernelClock> clock = ReadKernelClock();
  if (!clock) return {false, clock.error().message};
  return JudgeClock(*clock);
}

}  // namespace matic::health
