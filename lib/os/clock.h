// Time, and waiting for it.
#pragma once

#include <chrono>
#include <stop_token>

#include "lib/base/time.h"

namespace matic {

// Time since this machine started, suspend included (CLOCK_BOOTTIME): what deadlines are made of,
// since the wall clock jumps.
using BootTime = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  virtual BootTime SinceBoot() const = 0;
  // Returns false when stopped before the time was over.
  virtual bool Wait(std::chrono::nanoseconds duration, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime Now() const override;
  BootTime SinceBoot() const override;
  bool Wait(std::chrono::nanoseconds duration, std::stop_token stop) override;
};

}  // namespace matic
