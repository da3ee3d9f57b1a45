// Whether the clock is kept right by a time service.
#pragma once

#include "agent/health/configured_check.h"

namespace matic::health {

// What adjtimex(2) knows of the kernel's clock.
struct KernelClock {
  bool synchronised = false;
  std::chrono::microseconds max_error{0};
};

Result<KernelClock> ReadKernelClock();

class TimeCheck final : public ConfiguredCheck {
 public:
  explicit TimeCheck(const config::TimeCheck& check) : ConfiguredCheck("time", check.settings) {}

  Finding Run(std::stop_token stop) override;
};

// "synchronised, off by at most 12 ms".
Finding JudgeClock(const KernelClock& clock);

}  // namespace matic::health
