// Milliseconds since it was made, from the processor's own counter: UEFI has no clock finer than a
// second that every firmware offers.
#pragma once

#include <cstdint>

#include "boot/efi/firmware.h"

namespace matic::boot {

class Stopwatch {
 public:
  explicit Stopwatch(const Firmware& firmware) : firmware_(firmware), start_(Ticks()) {}
  // Takes about two milliseconds where the counter's rate has to be measured.
  uint64_t Milliseconds() const;

 private:
  static uint64_t Ticks();
  uint64_t TicksPerMillisecond() const;

  const Firmware& firmware_;
  uint64_t start_;
};

}  // namespace matic::boot
